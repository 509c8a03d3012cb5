// Which kernels this processor gets.

#include <array>

#include "engine/padic/kernels_variants.h"

namespace vramlab::padic {
namespace {

#if defined(VRAMLAB_X86_KERNELS)
bool has_avx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
}
bool has_avx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi") &&
         __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("gfni");
}
#endif

struct Variants {
  std::array<Kernels, 3> tables;
  std::size_t count = 0;  ///< that this processor has; the last one is the fastest
};

// Whatever the processor has not, the next variant has not either.
Variants make_variants() {
  Variants found;
  Kernels table{};
  const auto add = [&](std::string_view name) {
    table.name = name;
    found.tables[found.count++] = table;
  };
  add_portable_words(table);
  add_portable_levels(table);
  add_portable_coder(table);
  add_portable_assembly(table);
  add("portable");
#if defined(VRAMLAB_X86_KERNELS)
  if (!has_avx2()) return found;
  add_avx2_words(table);
  add_avx2_levels(table);
  add_avx2_heads(table);
  add_avx2_coder(table);
  add("avx2");
  if (!has_avx512()) return found;
  add_avx512_words(table);
  add_avx512_levels(table);
  add_avx512_heads(table);
  add_avx512_encoder(table);
  add_avx512_decoder(table);
  add_avx512_assembly(table);
  add("avx512");
#endif
  return found;
}

const Variants& variants() {
  static const Variants found = make_variants();
  return found;
}

}  // namespace

const Kernels& kernels() { return variants().tables[variants().count - 1]; }

const Kernels* kernels_named(std::string_view name) {
  const Variants& found = variants();
  for (std::size_t i = 0; i < found.count; ++i)
    if (found.tables[i].name == name) return &found.tables[i];
  return nullptr;
}

}  // namespace vramlab::padic
