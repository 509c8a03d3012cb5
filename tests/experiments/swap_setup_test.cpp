// What the settings and a machine model say of swapping.

#include "experiments/swap_setup.h"

#include <gmock/gmock.h>

#include <random>

#include "engine/core/error.h"
#include "experiments/codecs.h"
#include "experiments/packed_ratio.h"
#include "experiments/swap_choice.h"
#include "experiments/tensor_input.h"
#include "run_program.h"
#include "traces/tensors/npy.h"
#include "traces/tensors/safetensors.h"

namespace vramlab {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

Settings settings_of(std::initializer_list<std::pair<const char*, const char*>> given) {
  Settings settings;
  for (const auto& [name, value] : given) settings.values.set(name, value, "flag");
  return settings;
}

std::size_t at(Tier tier) { return static_cast<std::size_t>(tier); }

TEST(SwapSetup, LinksAreTheMachines) {
  const MachineModel machine = load_machine("h200-x2");
  const auto links = swap_links(machine);
  EXPECT_FALSE(links[at(Tier::device)].there());
  EXPECT_EQ(links[at(Tier::host)].out.bytes_per_second, machine.host_link.out.bytes_per_second);
  EXPECT_EQ(links[at(Tier::host)].in.latency, machine.host_link.in.latency);
  EXPECT_EQ(links[at(Tier::host)].duplex_bytes_per_second, machine.host_link.duplex_bytes_per_second);
  EXPECT_EQ(links[at(Tier::peer)].in.bytes_per_second, machine.peer_link.in.bytes_per_second);
  EXPECT_FALSE(swap_links(load_machine("h200"))[at(Tier::peer)].there());
}

TEST(SwapSetup, TheWayToTheDiskTakesAsLongAsItsTwoLinksOneAfterTheOther) {
  const MachineModel machine = load_machine("h200");
  const auto alone = [](const LinkDirection& link, Bytes bytes) {
    return LinkSpeed{link.latency, link.bytes_per_second}.time(bytes);
  };
  const auto links = swap_links(machine);
  const std::int64_t out = links[at(Tier::disk)].out.time(1_GiB).value;
  const std::int64_t in = links[at(Tier::disk)].in.time(1_GiB).value;
  EXPECT_NEAR(static_cast<double>(out),
              static_cast<double>((alone(machine.host_link.out, 1_GiB) + alone(machine.disk_write, 1_GiB)).value), 10);
  EXPECT_NEAR(static_cast<double>(in),
              static_cast<double>((alone(machine.disk_read, 1_GiB) + alone(machine.host_link.in, 1_GiB)).value), 10);
}

TEST(SwapSetup, TiersHoldWhatTheSettingsSay) {
  const auto capacities = tier_capacities(load_machine("h200-x2"), settings_of({{"host_memory", "3GiB"}}));
  EXPECT_EQ(capacities[at(Tier::host)], 3_GiB);
  EXPECT_EQ(capacities[at(Tier::peer)], load_machine("h200-x2").device_memory);
  EXPECT_EQ(capacities[at(Tier::disk)], 0_B);
  EXPECT_EQ(tier_capacities(load_machine("h200"), Settings())[at(Tier::peer)], 0_B);
}

TEST(SwapSetup, ATierThatIsNotThereIsRefused) {
  const auto of = [](const char* machine, const Settings& settings) {
    return [machine, settings] { tier_capacities(load_machine(machine), settings); };
  };
  EXPECT_THAT(of("h200", settings_of({{"swap_tier", "peer"}})), ThrowsMessage<ConfigError>(HasSubstr("h200 has none")));
  EXPECT_THAT(of("h200", settings_of({{"peer_memory", "1GiB"}})), ThrowsMessage<ConfigError>(HasSubstr("no peer")));
  EXPECT_THAT(of("h200", settings_of({{"swap_tier", "disk"}})), ThrowsMessage<ConfigError>(HasSubstr("disk_space")));
  EXPECT_NO_THROW(tier_capacities(load_machine("h200-x2"), settings_of({{"swap_tier", "peer"}})));
}

TEST(SwapSetup, OperatorsCostWhatTheMachineSays) {
  MachineModel machine = load_machine("h200");
  machine.calls.launch = 1_us;
  machine.calls.launch_gap = 2_us;
  machine.calls.launch_floor = 3_us;
  machine.calls.record_gap = 4_us;
  machine.calls.handover = 5_us;
  EXPECT_EQ(swap_setup(machine, Settings()).machine.record_gap, 4_us);
  EXPECT_EQ(swap_setup(machine, Settings()).machine.handover, 5_us);
  const OperatorTiming timing = swap_setup(machine, Settings()).timing;
  EXPECT_EQ(timing.launch, 1_us);
  EXPECT_EQ(timing.gap, 2_us);
  EXPECT_EQ(timing.floor, 3_us);
}

TEST(Codecs, FiguresOfTheModes) {
  EXPECT_EQ(codec_figures(Settings()), CodecFigures());
  EXPECT_EQ(codec_figures(settings_of({{"codec", "half"}})).ratio_per_mille, 2000u);
  EXPECT_EQ(codec_figures(settings_of({{"codec", "ratio:1.25"}})).ratio_per_mille, 1250u);
  EXPECT_EQ(codec_figures(settings_of({{"codec", "half"}})).compress_bytes_per_second, 0u);
}

TEST(Codecs, SpeedsAreOptions) {
  Settings settings = settings_of({{"codec", "half"}});
  const std::string_view sections[] = {"codecs"};
  set_option(settings, sections, "half.compress=90 GB/s");
  EXPECT_EQ(codec_figures(settings).compress_bytes_per_second, 90'000'000'000u);
  EXPECT_EQ(codec_figures(settings).decompress_bytes_per_second, 0u);
  settings.values.set("codec", "ratio:2", "flag");
  EXPECT_THAT([&] { codec_figures(settings); }, ThrowsMessage<ConfigError>(HasSubstr("takes no part")));
}

/// 20,000 floats with few digits: they get smaller, and smaller still within a bound.
std::string float_file() {
  std::string values;
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    const float value = static_cast<float>(i * 7919 % 1009) / 64;
    values.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  return npy_header(ElementType::float32, {{20'000}}) + values;
}

/// What `compress` would give, in thousandths.
std::uint32_t ratio_of_packing(const std::string& path, const padic::CodecOptions& options) {
  const TensorFile file = TensorFile::open(path);
  const InputTensor input = input_tensors(file, std::nullopt).at(0);
  return static_cast<std::uint32_t>(input.bytes.size() * 1000 / padic::compress(input.view(), options).size());
}

std::string codec_name(const std::string& name, const std::string& path) { return name + ":" + path; }

TEST(Codecs, TheRatioOfAFileIsThatOfPackingIt) {
  const test::ScratchFolder scratch;
  const std::string path = scratch / "w.npy";
  test::write_file(path, float_file());
  const std::string_view sections[] = {"codecs"};
  for (const auto& [name, preset] :
       {std::pair("padic-fast", padic::Preset::fast), {"padic-dense", padic::Preset::dense}}) {
    Settings settings = settings_of({{"codec", codec_name(name, path).c_str()}});
    const std::uint32_t lossless = codec_figures(settings).ratio_per_mille;
    EXPECT_EQ(lossless, ratio_of_packing(path, {.preset = preset}));
    EXPECT_GT(lossless, 1000u);
    set_option(settings, sections, std::string(name) + ".error=0.25");
    const std::uint32_t bounded = codec_figures(settings).ratio_per_mille;
    EXPECT_EQ(bounded, ratio_of_packing(path, {.mode = padic::Mode::absolute, .bound = 0.25, .preset = preset}));
    EXPECT_GT(bounded, lossless);
  }
}

TEST(Codecs, SpeedsOfAFileAreThoseMeasuredUnlessOthersAreGiven) {
  const test::ScratchFolder scratch;
  test::write_file(scratch / "w.npy", float_file());
  Settings settings = settings_of({{"codec", codec_name("padic-dense", scratch / "w.npy").c_str()}});
  EXPECT_EQ(codec_figures(settings).compress_bytes_per_second, 639'000'000'000u);
  EXPECT_EQ(codec_figures(settings).decompress_bytes_per_second, 1'318'000'000'000u);
  const std::string_view sections[] = {"codecs"};
  set_option(settings, sections, "padic-dense.decompress=unlimited");
  EXPECT_EQ(codec_figures(settings).decompress_bytes_per_second, 0u);
}

TEST(Codecs, AllTensorsOfAFileCount) {
  const test::ScratchFolder scratch;
  const std::string zeros(16'000, '\0'), noise = float_file().substr(128, 16'000);
  const std::vector<StoredTensor> two{{"a", ElementType::float32, "F32", {4000}, 0, 4000},
                                      {"none", ElementType::float32, "F32", {0}, 0, 0},
                                      {"b", ElementType::float32, "F32", {4000}, 0, 4000}};
  test::write_file(scratch / "ab.safetensors", safetensors_header(two) + zeros + noise);
  test::write_file(scratch / "a.npy", npy_header(ElementType::float32, {{4000}}) + zeros);
  test::write_file(scratch / "b.npy", npy_header(ElementType::float32, {{4000}}) + noise);
  const auto ratio = [&](const char* name) {
    return 1e-3 * packed_ratio_per_mille(scratch / name, {.preset = padic::Preset::fast}, "");
  };
  EXPECT_NEAR(ratio("ab.safetensors"), 2 / (1 / ratio("a.npy") + 1 / ratio("b.npy")), 0.01);
}

TEST(Codecs, WhatDoesNotGetSmallerIsNotPacked) {
  const test::ScratchFolder scratch;
  std::mt19937 random(3);
  std::string noise(8000, '\0');
  for (char& byte : noise) byte = static_cast<char>(random());
  test::write_file(scratch / "n.npy", npy_header(ElementType::uint8, {{8000}}) + noise);
  EXPECT_EQ(codec_figures(settings_of({{"codec", codec_name("padic-dense", scratch / "n.npy").c_str()}})),
            CodecFigures());
  test::write_file(scratch / "k.npy", npy_header(ElementType::int16, {{4000}}) + noise);
  Settings settings = settings_of({{"codec", codec_name("padic-fast", scratch / "k.npy").c_str()}});
  const std::string_view sections[] = {"codecs"};
  set_option(settings, sections, "padic-fast.dtype=float32");
  EXPECT_THAT([&] { codec_figures(settings); }, ThrowsMessage<ConfigError>(HasSubstr("no tensor of k.npy can be")));
}

TEST(Codecs, AFileThatIsNotThereOrHoldsNothingIsNamed) {
  const test::ScratchFolder scratch;
  test::write_file(scratch / "none.npy", npy_header(ElementType::float32, {{0}}));
  test::write_file(scratch / "text.npy", "this is a text, and long enough to look into");
  const auto of = [&](const char* name) {
    return
        [path = scratch / name] { codec_figures(settings_of({{"codec", codec_name("padic-dense", path).c_str()}})); };
  };
  EXPECT_THAT(of("missing.npy"), ThrowsMessage<TraceError>(HasSubstr("missing.npy")));
  EXPECT_THAT(of("text.npy"), ThrowsMessage<TraceError>(HasSubstr("text.npy")));
  EXPECT_THAT(of("none.npy"), ThrowsMessage<ConfigError>(HasSubstr("none.npy: its tensors hold no values")));
}

TEST(Codecs, WrongOnesAreRefused) {
  for (const char* wrong : {"half:2", "ratio", "ratio:", "ratio:0.5", "ratio:x", "ratio:2x", "ratio:1e9", "none:1",
                            "none:", "padic-dense", "padic-fast:", ""})
    EXPECT_THROW(codec_figures(settings_of({{"codec", wrong}})), ConfigError) << wrong;
  EXPECT_THAT([] { codec_figures(settings_of({{"codec", "hlaf"}})); }, ThrowsMessage<ConfigError>(HasSubstr("half")));
}

TEST(SwapChoice, TakesPoliciesInTheirOrder) {
  const auto chosen = chosen_swaps(settings_of({{"swap", "none,none"}}));
  ASSERT_EQ(chosen.size(), 2u);
  EXPECT_FALSE(chosen[0].swaps());
  EXPECT_EQ(chosen_swaps(settings_of({{"swap", "all"}})).size(), swaps().size());
}

TEST(SwapChoice, EveryPolicyCanBeChosenByName) {
  for (const SwapInfo& policy : swaps()) {
    const std::string name(policy.name);
    EXPECT_EQ(chosen_swaps(settings_of({{"swap", name.c_str()}}))[0].policy, &policy);
  }
}

TEST(SwapChoice, AVariantSetsTheOptionCalledPolicy) {
  for (const SwapInfo& policy : swaps()) {
    const OptionValues options("", policy.options);
    const std::string name = std::string(policy.name) + ":";
    if (!options.has("policy")) {
      EXPECT_THROW(chosen_swaps(settings_of({{"swap", (name + "x").c_str()}})), ConfigError) << name;
      continue;
    }
    const std::string variant = name + std::string(options.text("policy"));
    const auto chosen = chosen_swaps(settings_of({{"swap", variant.c_str()}}));
    EXPECT_EQ(chosen[0].name, variant);
    EXPECT_THROW(chosen_swaps(settings_of({{"swap", (name + "no such variant").c_str()}})), ConfigError);
  }
}

TEST(SwapChoice, WrongNamesAreRefused) {
  EXPECT_THAT([] { chosen_swaps(settings_of({{"swap", "nnoe"}})); }, ThrowsMessage<ConfigError>(HasSubstr("none")));
  EXPECT_THROW(chosen_swaps(settings_of({{"swap", ","}})), ConfigError);
  EXPECT_THAT([] { chosen_swaps(settings_of({{"swap", "none:fast"}})); },
              ThrowsMessage<ConfigError>(HasSubstr("no variants")));
}

TEST(SwapChoice, TheTierGoesToPoliciesThatKnowOne) {
  for (const SwapInfo& policy : swaps()) {
    const std::string name(policy.name);
    const auto chosen = chosen_swaps(settings_of({{"swap", name.c_str()}, {"swap_tier", "peer"}}));
    if (!chosen[0].options.has("tier")) continue;
    EXPECT_EQ(chosen[0].options.text("tier"), "peer") << name;
  }
}

TEST(SwapChoice, TheOverheadAllowedGoesToPoliciesThatPlanForOne) {
  for (const SwapInfo& policy : swaps()) {
    const std::string name(policy.name);
    const auto chosen = chosen_swaps(settings_of({{"swap", name.c_str()}, {"max_overhead", "5%"}}));
    if (!chosen[0].options.has("overhead")) continue;
    EXPECT_DOUBLE_EQ(chosen[0].options.real("overhead"), 0.05) << name;
  }
}

}  // namespace
}  // namespace vramlab
