#pragma once
// What a tensor could be packed to, and what plain bit packing makes of it: the two marks that ratios are held against.

#include <optional>

#include "engine/padic/tensor_codec.h"

namespace vramlab::padic {

/// Raw bytes / (64 + 4 * ceil(N / 4096) + ceil(N * H / 8)). Orders 0, whole tensor, H in bits a value:
/// - absolute bound e: H = entropy of the symbol (sign, bit length, leading up to 8 bits of |q|) + mean number of the
///   bits that remain, q = rint(x / 2e); infinities and NaNs are a symbol of their own with all bits remaining;
/// - lossless floats, and relative mode after the mantissa's low bits have been rounded away: H = entropy of sign with
///   exponent + the sum of the entropies of the mantissa's bytes;
/// - lossless integers: H = the sum of the entropies of the value's bytes.
/// Nothing where H < 0.1 or there are no values. Throws ConfigError as check_options().
std::optional<double> entropy_ratio(const TensorView& tensor, Mode mode, double bound);

/// Raw bytes over those of plain bit packing: blocks of 1024 values, each with a byte that holds its width and as many
/// bits a value as its largest one takes. Values are zigzag(rint(x / 2e)) (absolute bound; a block with an infinity or
/// NaN is kept raw), or the bit patterns themselves. Throws ConfigError as check_options().
double plain_packing_ratio(const TensorView& tensor, Mode mode, double bound);

}  // namespace vramlab::padic
