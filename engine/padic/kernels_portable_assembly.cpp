// Values of floats from the bytes of their heads and tails, for any processor.

#include "engine/padic/kernels_assembly.h"

namespace vramlab::padic {

void add_portable_assembly(Kernels& table) { table.assemble = assemble; }

}  // namespace vramlab::padic
