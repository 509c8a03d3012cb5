#include "experiments/output_names.h"

#include <fmt/format.h>

#include "experiments/trace_files.h"

namespace vramlab {

std::string OutputNames::of(const std::string& path, std::string_view trace, std::string_view choice, bool several) {
  const std::string suffix = several ? fmt::format("-{}-{}", file_stem(trace), choice) : "";
  std::string name = with_suffix(path, suffix);
  for (int i = 2; !used_.insert(name).second; ++i) name = with_suffix(path, fmt::format("{}-{}", suffix, i));
  return name;
}

}  // namespace vramlab
