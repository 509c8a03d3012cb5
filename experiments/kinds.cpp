#include "experiments/kinds.h"

#include <array>

#include "engine/coloring/solver.h"
#include "engine/pool/pool.h"
#include "engine/swap/swap_policy.h"
#include "experiments/codecs.h"
#include "sim/machine.h"
#include "traces/generate.h"
#include "traces/reader.h"

namespace vramlab {
namespace {

template <class Row>
std::vector<KindEntry> entries_of(std::span<const Row> table) {
  std::vector<KindEntry> entries;
  for (const Row& row : table) {
    KindEntry entry{std::string(row.name), std::string(row.summary), {}};
    if constexpr (requires { row.options; }) entry.options = row.options;
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::vector<KindEntry> machine_entries() {
  std::vector<KindEntry> entries;
  for (std::string_view name : machine_names())
    entries.push_back({std::string(name), load_machine(std::string(name)).description, {}});
  return entries;
}

constexpr std::array<KindInfo, 7> kind_table{{
    {"pools", [] { return entries_of(pools()); }},
    {"solvers", [] { return entries_of(solvers()); }},
    {"swaps", [] { return entries_of(swaps()); }},
    {"codecs", [] { return entries_of(codecs()); }},
    {"readers", [] { return entries_of(readers()); }},
    {"generators", [] { return entries_of(generators()); }},
    {"machines", machine_entries},
}};

}  // namespace

std::span<const KindInfo> kinds() { return kind_table; }

}  // namespace vramlab
