// vramlab trace generate NAME

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <array>
#include <filesystem>
#include <memory>

#include "engine/core/registry.h"
#include "experiments/output.h"
#include "experiments/progress.h"
#include "experiments/trace_files.h"
#include "experiments/verb_rows.h"
#include "traces/generate.h"
#include "traces/vlt.h"

namespace vramlab {
namespace {

constexpr std::array<std::string_view, 2> taken_settings{"seed", "format"};

struct Arguments {
  std::string generator, out;
  std::uint64_t events = 100'000;
  std::vector<std::string> options;
};

struct Counted {
  std::uint64_t events = 0, objects = 0;
};

/// Writes the trace part by part: memory does not grow with its length.
Counted stream(const GeneratorInfo& generator, const GenerateRequest& request, const std::string& out) {
  VltWriter writer(out, std::filesystem::path(out).stem().string());
  ProgressBar progress(fmt::format("{} {}", generator.name, out));
  Counted counted;
  generator.generate(request, [&](Trace&& part) {
    counted.events += part.event_count();
    counted.objects += part.object_count();
    writer.append(part);
    progress.update(static_cast<double>(counted.events) / static_cast<double>(request.events));
  });
  writer.finish();
  return counted;
}

int generate(const Arguments& arguments, const Settings& settings) {
  const GeneratorInfo& generator = find_row(generators(), "generator", arguments.generator);
  check_vlt_name(arguments.out);
  OptionValues options(fmt::format("generator {}", generator.name), generator.options);
  for (const std::string& assignment : arguments.options) {
    const auto [name, value] = split_assignment("--set", assignment, "OPTION=VALUE");
    options.set(name, value, "flag --set");
  }
  const auto seed = static_cast<std::uint64_t>(settings.values.integer("seed"));
  const Counted counted =
      stream(generator, {.events = arguments.events, .seed = seed, .options = &options}, arguments.out);
  write_rows({{{"file", arguments.out},
               {"generator", std::string(generator.name)},
               {"seed", seed},
               {"events", counted.events},
               {"objects", counted.objects},
               {"size_bytes", std::uint64_t{std::filesystem::file_size(arguments.out)}}}},
             output_format(settings.values.text("format")));
  return 0;
}

VerbRun define(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  app.add_option("NAME", arguments->generator, fmt::format("one of {}", fmt::join(names_of(generators()), ", ")))
      ->required()
      ->option_text(" ");
  app.add_option("--out", arguments->out, "file to write, .vlt")->required()->option_text("FILE.vlt");
  app.add_option("--events", arguments->events, "at least so many; ends with the step in progress")
      ->option_text(fmt::format("N [{}]", arguments->events));
  app.add_option("--set", arguments->options, "option of the generator; `vramlab list generators`; may be repeated")
      ->option_text("OPTION=VALUE")
      ->allow_extra_args(false);
  return [arguments](const Settings& settings) { return generate(*arguments, settings); };
}

}  // namespace

const VerbInfo verb_trace_generate{
    .name = "trace generate",
    .summary = "make a synthetic trace: the same bytes for the same seed and options",
    .example =
        "vramlab trace generate transformer --events 1000000 --seed 1 "
        "--out transformer.vlt",
    .settings = taken_settings,
    .define = define,
};

}  // namespace vramlab
