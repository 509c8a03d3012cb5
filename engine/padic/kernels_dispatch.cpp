// Which kernels this processor gets.

#include <array>

#include "engine/padic/kernels_variants.h"

namespace vramlab::padic {
namespace {

Kernels portable_table() {
  Kernels table{};
  table.name = "portable";
  add_portable_words(table);
  add_portable_coder(table);
  return table;
}

struct Variants {
  std::array<Kernels, 3> tables;
  std::size_t count = 0;  ///< that this processor has; the last one is the fastest
};

Variants make_variants() {
  Variants found;
  found.tables[found.count++] = portable_table();
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
