#include "experiments/run_environment.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/core/error.h"
#include "engine/pool/pool.h"
#include "experiments/choice.h"

namespace vramlab {
namespace {

constexpr std::string_view default_pool = "vmm";

/// "name=value,name=value" of the options that somebody set.
std::string options_text(const OptionValues& options) {
  std::string text;
  for (const OptionValues::Item& item : options.items())
    if (item.source != "default") text += fmt::format("{}{}={}", text.empty() ? "" : ",", item.spec->name, item.text);
  return text;
}

bool is_set(const OptionValues& values, std::string_view name) {
  return std::any_of(values.items().begin(), values.items().end(), [name](const OptionValues::Item& item) {
    return item.spec->name == name && item.source != "default";
  });
}

std::string cap_text(const Settings& settings) {
  std::string cap(settings.values.text("cap"));
  if (cap == "machine") return "";  // the GPU's memory, which is the limit anyway
  parse_bytes(cap);
  return cap;
}

}  // namespace

PluginFiles PluginFiles::beside_program() {
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe");
  const std::filesystem::path lib = program.parent_path().parent_path() / "lib";
  return {lib / "libvramlab_torch.so", lib / "vramlab" / "python"};
}

std::string pool_to_run(const Settings& settings) {
  if (!is_set(settings.values, "pool")) return std::string(default_pool);
  const auto chosen = chosen_rows(pools(), "pool", settings.values.text("pool"));
  if (chosen.size() != 1) throw ConfigError("a program runs on one pool", {}, "name one with --pool");
  if (chosen.front()->needs_instance)
    throw ConfigError(
        fmt::format("pool {} must see the whole trace first: a program cannot run on it", chosen.front()->name), {},
        "record the program, and replay the recording on it");
  return std::string(chosen.front()->name);
}

Variables run_environment(const RunArguments& arguments, const Settings& settings, const PluginFiles& files,
                          const std::string& python_path) {
  const std::string pool = pool_to_run(settings);
  const std::array<std::string_view, 1> chosen{pool};
  check_options_used(settings, "pools", std::span<const std::string_view>(chosen));
  const std::string record =
      arguments.record.empty() ? "" : std::filesystem::absolute(arguments.record).lexically_normal().string();
  return {{"PYTHONPATH", files.python.string() + (python_path.empty() ? "" : ":" + python_path)},
          {"VRAMLAB_LIBRARY", files.library.string()},
          {"VRAMLAB_POOL", pool},
          {"VRAMLAB_POOL_OPTIONS", options_text(settings.pool(pool))},
          {"VRAMLAB_ALLOCATOR_OPTIONS", options_text(settings.allocator)},
          {"VRAMLAB_CAP", cap_text(settings)},
          {"VRAMLAB_RECORD", record},
          {"VRAMLAB_COMPARE", arguments.compare ? "1" : "0"}};
}

}  // namespace vramlab
