// What the settings and a machine model say of swapping.

#include "experiments/swap_setup.h"

#include <gmock/gmock.h>

#include "engine/core/error.h"
#include "experiments/codecs.h"
#include "experiments/swap_choice.h"

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

TEST(Codecs, WrongOnesAreRefused) {
  for (const char* wrong : {"half:2", "ratio", "ratio:", "ratio:0.5", "ratio:x", "ratio:2x", "ratio:1e9", "none:1", ""})
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
