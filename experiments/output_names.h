#pragma once
// Names of the files that one command writes for several runs.

#include <set>
#include <string>
#include <string_view>

namespace vramlab {

class OutputNames {
 public:
  /// `path`; of `several` runs with "-TRACE-CHOICE" inserted before the ending. No name is given twice.
  std::string of(const std::string& path, std::string_view trace, std::string_view choice, bool several);

 private:
  std::set<std::string> used_;
};

}  // namespace vramlab
