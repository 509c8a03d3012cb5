// vramlab codec FILE.npy...

#include <CLI/CLI.hpp>

#include <array>
#include <memory>

#include "experiments/codec_session.h"
#include "experiments/output.h"
#include "experiments/verb_rows.h"

namespace vramlab {
namespace {

constexpr std::array<std::string_view, 1> taken_settings{"format"};

int measure(const CodecArguments& arguments, const Settings& settings) {
  CodecSession session(arguments);
  const std::vector<CodecOutcome>& outcomes = session.run();
  const OutputFormat format = output_format(settings.values.text("format"));
  if (format == OutputFormat::table) {
    write_output(codec_table(outcomes, output_in_colour()));
  } else {
    write_rows(rows_of(outcomes, codec_row), format);
  }
  return 0;
}

VerbRun define(CLI::App& app) {
  auto arguments = std::make_shared<CodecArguments>();
  app.add_option("FILE", arguments->files, "tensors: .npy, .safetensors; also .gz, .xz, .zst")
      ->required()
      ->option_text(" ");
  add_pack_options(app, arguments->packing, true);
  app.add_option("--device", arguments->device, "where to pack and unpack")
      ->check(CLI::IsMember({"cpu", "cuda"}))
      ->option_text("cpu|cuda [cpu]");
  app.add_option("--tile", arguments->tile,
                 "time each tensor repeated to so many bytes; sizes and ratios stay those of the tensor")
      ->option_text("BYTES");
  app.add_option("--out", arguments->out, "write the packed stream; of several -TENSOR-MODE-PRESET is inserted")
      ->option_text("FILE");
  app.add_option("--repeat", arguments->repeat, "timed runs at least; speeds are of their median")
      ->check(CLI::Range(1, 1000))
      ->option_text("N [5]");
  app.add_flag("--baselines", arguments->baselines,
               "zstd -1 and LZ4 too, on the bytes as they are and regrouped by their place in the value");
  return [arguments](const Settings& settings) { return measure(*arguments, settings); };
}

}  // namespace

const VerbInfo verb_codec{
    .name = "codec",
    .summary = "pack tensors, unpack them, check every value, and say how small and how fast",
    .example =
        "vramlab codec weight.npy\n"
        "vramlab codec weight.npy --mode bound --error 1e-3,1e-6 --preset all --baselines\n"
        "vramlab codec keys.bf16.npy model.safetensors --format json\n"
        "vramlab codec bits.npy --dtype bf16 --device cuda --preset all --tile 1GiB",
    .notes =
        "Without --mode: lossless, and then within --error where one is given. A .npy that is named .bf16.npy holds\n"
        "bfloat16. Integers, bool and float64 are packed lossless whatever the mode: see the field mode.\n"
        "entropy: the ratio that an ideal coder of order 0 would reach, without a model of neighbours; bit packing:\n"
        "every value in as many bits as the largest needs. GB/s are raw bytes, on one core unless --threads says "
        "more.\n"
        "On a GPU a speed is that of its events, with values and stream in its memory. Small tensors measure the "
        "launch\n"
        "of its kernels and no more: below some 100 MiB say --tile 1GiB. Values of 8 bytes are packed on a CPU only.\n"
        "What a bound can give: values spread like a normal distribution of deviation s need log2(s/E) + 1.05 bits.\n"
        "Exit code 1: a value did not come back as promised. 3: --device cuda without a GPU.",
    .settings = taken_settings,
    .define = define,
};

}  // namespace vramlab
