#pragma once
// The first passes of `dense`: what heads and digits a tensor has, and the tables that follow from it.

#include <cstddef>
#include <cstdint>

#include "engine/padic/dense_model.h"
#include "engine/padic/value_coder.h"

namespace vramlab::padic {

struct DenseSurvey {
  DenseModel model;
  DenseEncoding encoding;
  std::uint32_t block_log2 = dense_block_log2;
};

/// Reads the values up to three times: heads, sampled digits, digits of the planes that get a table.
DenseSurvey survey(const std::byte* raw, std::uint64_t values, const ValueCoder& coder, unsigned threads);

}  // namespace vramlab::padic
