#pragma once
// Files that appear under their name only when they are complete: every output of this program is one.

#include <cstddef>
#include <string>
#include <string_view>

namespace vramlab {

/// Written to a temporary file beside `path` that takes its place on commit(), and vanishes without one; an older file
/// stays until then. The temporary file is made at once, so that a path that cannot be written is known before any
/// work: ConfigError naming `path`. Later failures (a full disk) throw Error naming `path`.
class OutputFile {
 public:
  explicit OutputFile(const std::string& path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void write(const void* bytes, std::size_t count);
  void write(std::string_view text) { write(text.data(), text.size()); }
  /// REQUIRES: called once, last.
  void commit();

 private:
  std::string path_;
  std::string pending_;
  int file_ = -1;
};

/// All of it at once.
void write_output_file(const std::string& path, std::string_view content);

}  // namespace vramlab
