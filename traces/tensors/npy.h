#pragma once
// NumPy's .npy files, versions 1 to 3.
// Source: NumPy Enhancement Proposal 1, and numpy/lib/format.py.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "traces/tensors/tensor.h"

namespace vramlab {

bool is_npy(std::span<const std::byte> head);

/// Where the values of a .npy lie. Raw bytes (V1, V2, V4, V8, as extension types are saved) are unsigned integers.
/// Throws TraceError naming `name` and the offset: no header, a shape beyond all bounds, values that are fewer or more
/// than the shape says; types that are no plain little-endian numbers (big-endian, complex, records, text, objects,
/// which are pickles and never read).
TensorLayout read_npy_layout(std::span<const std::byte> file, const std::string& name);

/// Whether the values of the file lie in column order ("fortran_order"). REQUIRES: read_npy_layout() took the file.
bool npy_in_column_order(std::span<const std::byte> file, const std::string& name);

/// The header that NumPy would write, in C order. Types that NumPy has not are integers of their size ("<i2", "|u1").
std::string npy_header(ElementType type, std::span<const std::uint64_t> shape);

}  // namespace vramlab
