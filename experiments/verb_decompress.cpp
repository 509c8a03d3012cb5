// vramlab decompress IN OUT

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
  unsigned threads = 0;
};

/// "model/" is model.
std::string without_slash(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

int decompress(const Arguments& arguments, const Settings& settings) {
  const std::string out = without_slash(arguments.out);
  check_folder_of(out);
  const std::vector<UnpackedFile> files = unpack_files(arguments.in, out, arguments.threads);
  write_rows(rows_of(files, unpacked_row), output_format(settings.values.text("format")));
  return 0;
}

VerbRun define(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  app.add_option("IN", arguments->in, "what `vramlab compress` or `vramlab codec --out` wrote")
      ->required()
      ->option_text(" ");
  app.add_option("OUT", arguments->out, "file to write; a folder where a folder was packed")
      ->required()
      ->option_text(" ");
  app.add_option("--threads", arguments->threads, "0: one a core")->check(CLI::Range(0, 1024))->option_text("N [0]");
  return [arguments](const Settings& settings) { return decompress(*arguments, settings); };
}

}  // namespace

const VerbInfo verb_decompress{
    .name = "decompress",
    .summary = "give back the files that were packed into a .vlp",
    .example = "vramlab decompress weight.vlp weight.npy\nvramlab decompress model.vlp model/",
    .notes = "Nothing takes its place before every checksum has been seen.",
    .settings = taken_settings,
    .define = define,
};

}  // namespace vramlab
