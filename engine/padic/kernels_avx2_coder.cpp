#include "engine/padic/kernels_variants.h"

namespace vramlab::padic {
void add_avx2_coder(Kernels& table) { static_cast<void>(table); }
}  // namespace vramlab::padic
