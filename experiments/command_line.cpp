#include "experiments/command_line.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>

#include "engine/core/error.h"
#include "engine/core/registry.h"
#include "experiments/output.h"

namespace vramlab {
namespace {

constexpr std::size_t help_column = 34;

bool is_flag(std::string_view word) { return word.starts_with('-'); }

/// First and, where there is one, second word of a verb's name.
std::pair<std::string, std::string> words_of(const VerbInfo& verb) {
  const std::string name(verb.name);
  const std::size_t space = name.find(' ');
  if (space == std::string::npos) return {name, ""};
  return {name.substr(0, space), name.substr(space + 1)};
}

/// Second words of the verbs of `group`; with "" the first words of all.
std::vector<std::string> words_below(const std::string& group) {
  std::vector<std::string> known;
  for (const VerbInfo& verb : verbs()) {
    const auto [first, second] = words_of(verb);
    if (!group.empty() && group != first) continue;
    const std::string& word = group.empty() ? first : second;
    if (std::find(known.begin(), known.end(), word) == known.end()) known.push_back(word);
  }
  return known;
}

bool is_group(std::string_view word) {
  const auto groups = verb_groups();
  return std::any_of(groups.begin(), groups.end(), [word](const VerbGroup& g) { return g.name == word; });
}

/// The word at `index` must go on from `group`; flags are left to CLI11.
void check_word(std::span<const char* const> arguments, std::size_t index, const std::string& group) {
  const std::vector<std::string> words = words_below(group);
  const std::vector<std::string_view> known(words.begin(), words.end());
  const std::string what = group.empty() ? "verb" : fmt::format("verb of {}", group);
  if (index >= arguments.size())
    throw ConfigError(
        fmt::format("a {} is missing", what), {},
        fmt::format("one of {}; see vramlab {}--help", fmt::join(known, ", "), group + (group.empty() ? "" : " ")));
  const std::string word = arguments[index];
  if (is_flag(word)) return;
  if (std::find(known.begin(), known.end(), word) == known.end()) unknown_name(what, word, known);
  if (group.empty() && is_group(word)) check_word(arguments, index + 1, word);
}

std::string footer_text(std::string_view example, std::string_view notes) {
  std::string out = "Example:";
  std::size_t begin = 0;
  while (begin < example.size()) {
    const std::size_t end = std::min(example.find('\n', begin), example.size());
    out += fmt::format("\n  {}", example.substr(begin, end - begin));
    begin = end + 1;
  }
  return notes.empty() ? out : fmt::format("{}\n\n{}", out, notes);
}

const SettingInfo& setting_called(std::string_view name) {
  const auto infos = setting_infos();
  const auto found =
      std::find_if(infos.begin(), infos.end(), [name](const SettingInfo& s) { return s.spec.name == name; });
  if (found == infos.end()) throw InvariantError(fmt::format("a verb names the setting '{}', which is none", name));
  return *found;
}

}  // namespace

CommandLine::CommandLine(std::string_view version) : app_("vramlab: a laboratory for GPU memory policy", "vramlab") {
  app_.get_formatter()->column_width(help_column);
  app_.get_formatter()->label("SUBCOMMAND", "VERB");
  app_.set_version_flag("--version", fmt::format("vramlab {}", version));
  app_.footer(
      "Example:\n  vramlab replay snapshot.pickle --pool pytorch,segment-block "
      "--map map.svg\n\nvramlab VERB --help tells more.");
  for (const VerbInfo& verb : verbs()) define(verb);
}

CLI::App& CommandLine::parent_of(const VerbInfo& verb) {
  const auto [first, second] = words_of(verb);
  if (second.empty()) return app_;
  const auto defined = app_.get_subcommands([&first](const CLI::App* app) { return app->check_name(first); });
  if (!defined.empty()) return *defined.front();
  CLI::App* group = app_.add_subcommand(first, std::string(find_row(verb_groups(), "group", first).summary));
  group->group("Verbs");
  group->footer(fmt::format("vramlab {} VERB --help tells more.", first));
  return *group;
}

void CommandLine::define(const VerbInfo& verb) {
  const auto [first, second] = words_of(verb);
  CLI::App* app = parent_of(verb).add_subcommand(second.empty() ? first : second, std::string(verb.summary));
  app->group("Verbs");
  app->footer(footer_text(verb.example, verb.notes));
  VerbRun run = verb.define(*app);
  add_settings(*app, verb);
  defined_.push_back({app, &verb, std::move(run)});
}

void CommandLine::add_settings(CLI::App& app, const VerbInfo& verb) {
  for (std::string_view name : verb.settings) add_setting(app, setting_called(name));
  if (!verb.sections.empty())
    app.add_option_function<std::vector<std::string>>(
           "--set",
           [this, sections = verb.sections](const std::vector<std::string>& given) {
             given_.options = given;
             given_.option_sections = sections;
           },
           "one of the options that `vramlab config schema` lists; may be repeated")
        ->option_text(option_form(verb.sections))
        ->allow_extra_args(false);
  app.add_option_function<std::string>(
         "--config", [this](const std::string& path) { given_.config_file = path; },
         "settings file; else VRAMLAB_CONFIG, else ./vramlab.yaml if there")
      ->option_text("FILE");
}

void CommandLine::add_setting(CLI::App& app, const SettingInfo& info) {
  const std::string name(info.spec.name);
  const std::string reason(info.spec.reason);
  const auto give = [this, name](const std::string& value) { given_.settings.emplace_back(name, value); };
  if (info.spec.kind == OptionKind::flag) {
    app.add_flag_callback(flag_of(name), [give] { give("true"); }, reason);
    return;
  }
  CLI::Option* option = app.add_option_function<std::string>(flag_of(name), give, reason);
  option->option_text(fmt::format("{} [{}]", info.metavar, info.spec.default_text));
  option->type_name("value");
  if (info.list) {
    option->join(',');
  } else {
    option->take_last();
  }
}

const CLI::App& CommandLine::selected() const {
  const CLI::App* app = &app_;
  while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
  return *app;
}

void CommandLine::refuse_extras() const {
  const std::vector<std::string> extras = app_.remaining(true);
  const auto flag = std::find_if(extras.begin(), extras.end(), is_flag);
  if (flag == extras.end())
    throw ConfigError(fmt::format("unexpected argument '{}'", extras.empty() ? "" : extras.front()));
  std::vector<std::string> names;
  for (const CLI::Option* option : selected().get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  unknown_name("option", flag->substr(0, flag->find('=')), std::vector<std::string_view>(names.begin(), names.end()));
}

int CommandLine::run(int argc, const char* const* argv) {
  check_word({argv, static_cast<std::size_t>(argc)}, 1, "");
  try {
    app_.parse(argc, argv);
  } catch (const CLI::CallForVersion& version) {
    write_output(fmt::format("{}\n", version.what()));
    return 0;
  } catch (const CLI::CallForHelp&) {
    write_output(app_.help());
    return 0;
  } catch (const CLI::ExtrasError&) {
    refuse_extras();
  } catch (const CLI::ParseError& error) {
    throw ConfigError(error.what(), {}, "see --help of the verb");
  }
  for (const Defined& defined : defined_)
    if (defined.app->parsed()) return defined.run(settle_settings(given_));
  throw InvariantError("a command line without a verb was accepted");
}

}  // namespace vramlab
