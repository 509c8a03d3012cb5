#pragma once
// Files of tensors as bytes, right and wrong.

#include <cstdint>
#include <cstring>
#include <string>

namespace vramlab::test {

/// A .npy of version 1 around any dictionary and values; the header is padded as NumPy does.
inline std::string npy_around(const std::string& dictionary, const std::string& values) {
  std::string text = dictionary;
  text.append(63 - (10 + text.size()) % 64, ' ').push_back('\n');
  std::string file("\x93NUMPY\x01\x00", 8);
  file += static_cast<char>(text.size() & 0xFF);
  file += static_cast<char>(text.size() >> 8);
  return file + text + values;
}

inline std::string npy_of(const std::string& descr, const std::string& shape, const std::string& values) {
  return npy_around("{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }", values);
}

inline std::string safetensors_around(const std::string& json, const std::string& values) {
  const std::uint64_t length = json.size();
  std::string file(8, '\0');
  std::memcpy(file.data(), &length, sizeof length);
  return file + json + values;
}

}  // namespace vramlab::test
