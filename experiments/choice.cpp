#include "experiments/choice.h"

#include <algorithm>

namespace vramlab {

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    if (comma > 0) parts.emplace_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return parts;
}

void check_options_used(const Settings& settings, std::string_view section, std::span<const std::string_view> chosen) {
  const SectionValues& values = settings.section(section);
  for (std::size_t i = 0; i < values.names.size(); ++i) {
    if (std::find(chosen.begin(), chosen.end(), values.names[i]) != chosen.end()) continue;
    for (const OptionValues::Item& item : values.options[i].items())
      if (item.source.starts_with("flag"))
        throw ConfigError(fmt::format("--set {}.{}: {} {} takes no part in this run", values.names[i], item.spec->name,
                                      values.info->one, values.names[i]),
                          {}, fmt::format("add it to --{}", values.info->setting));
  }
}

}  // namespace vramlab
