// vramlab compress IN OUT

#include <CLI/CLI.hpp>

#include <array>
#include <memory>

#include "experiments/output.h"
#include "experiments/pack_session.h"
#include "experiments/trace_files.h"
#include "experiments/verb_rows.h"

namespace vramlab {
namespace {

constexpr std::array<std::string_view, 1> taken_settings{"format"};

struct Arguments {
  std::string in, out;
  PackArguments packing;
};

int compress(const Arguments& arguments, const Settings& settings) {
  check_folder_of(arguments.out);
  const PackingDone done = pack_files(arguments.in, arguments.out, arguments.packing);
  const OutputFormat format = output_format(settings.values.text("format"));
  if (format == OutputFormat::table) {
    write_output(packed_table(done, output_in_colour()));
  } else {
    write_rows(rows_of(done.tensors, packed_row), format);
  }
  return 0;
}

VerbRun define(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  arguments->packing.threads = 0;
  app.add_option("IN", arguments->in,
                 ".npy or .safetensors, also .gz, .xz, .zst; or a folder of shards (model.safetensors.index.json)")
      ->required()
      ->option_text(" ");
  app.add_option("OUT", arguments->out, "file to write; .vlp by custom")->required()->option_text(" ");
  add_pack_options(app, arguments->packing, false);
  return [arguments](const Settings& settings) { return compress(*arguments, settings); };
}

}  // namespace

const VerbInfo verb_compress{
    .name = "compress",
    .summary = "pack a file or folder of tensors into a .vlp, lossless unless told otherwise",
    .example =
        "vramlab compress weight.npy weight.vlp\n"
        "vramlab compress model/ model.vlp\n"
        "vramlab compress model.safetensors model.vlp --mode bound --error 1e-4 --preset fast",
    .notes =
        "Every tensor is unpacked again and compared before OUT takes its place. Headers are kept byte by byte, so "
        "that\n"
        "`vramlab decompress` gives back the very files. Integers, bool and float64 are packed lossless in any mode.",
    .settings = taken_settings,
    .define = define,
};

}  // namespace vramlab
