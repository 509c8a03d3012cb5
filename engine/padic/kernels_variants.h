#pragma once
// The tables of kernels.h, one a group of files. Each begins with the one before it and puts its own functions in.
// The files for AVX2 and AVX-512 are compiled with options of their own: what they call must be intrinsics, static or
// macros, for the linker could take their copy of an inline function for everybody.

#include "engine/padic/kernels.h"

namespace vramlab::padic {

void add_portable_words(Kernels& table);
void add_portable_levels(Kernels& table);
void add_portable_coder(Kernels& table);
void add_portable_assembly(Kernels& table);
void add_avx2_words(Kernels& table);
void add_avx2_levels(Kernels& table);
void add_avx2_heads(Kernels& table);
void add_avx2_coder(Kernels& table);
void add_avx512_words(Kernels& table);
void add_avx512_levels(Kernels& table);
void add_avx512_heads(Kernels& table);
void add_avx512_encoder(Kernels& table);
void add_avx512_decoder(Kernels& table);
void add_avx512_assembly(Kernels& table);

}  // namespace vramlab::padic
