#pragma once
// A swap policy: which objects leave the device, when, and when they come back. A deterministic machine over its
// inputs; it acts through the PrioritySwapper only.

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "engine/core/option.h"
#include "engine/core/types.h"
#include "engine/swap/access_program.h"
#include "engine/swap/priority_swapper.h"
#include "engine/swap/swap_types.h"

namespace vramlab {

/// An operand of an operator about to be launched.
struct Operand {
  ObjectId object{};
  bool reads = false;
  bool writes = false;
};

/// Called in the order of the program. The driver, not the policy, makes sure that operands are on the device: after
/// before_operator() it calls PrioritySwapper::use() for each, and make_room() where memory is missing.
class SwapPolicy {
 public:
  virtual ~SwapPolicy() = default;

  /// Objects that are there before the first operator, all of them allocated already; the stretch begins after this.
  virtual void begin() {}
  virtual void allocated(ObjectId /*object*/, Bytes /*bytes*/, StreamId /*stream*/) {}
  /// Before the swapper and the pool are told.
  virtual void freed(ObjectId /*object*/) {}
  /// Operator `slot` comes next: the time to begin transfers and to settle.
  virtual void before_operator(std::uint32_t /*slot*/, std::span<const Operand> /*operands*/) {}
  virtual void after_operator(std::uint32_t /*slot*/, std::span<const Operand> /*operands*/) {}
  virtual void iteration(std::uint32_t /*number*/) {}
  /// Memory is missing: `bytes` for an allocation or a swap in. `needed` are objects that must not go (the operands of
  /// the operator at hand). Gives memory up, by settle(); returns whether any was: the caller tries again, and reports
  /// lack of memory where none was.
  virtual bool make_room(Bytes bytes, std::span<const ObjectId> needed) = 0;
  virtual void measured(TokenId /*token*/, Nanoseconds /*duration*/) {}
  /// What computation waited for memory in the iteration that ended: measured against its ideal.
  virtual void stalled(Nanoseconds /*stall*/, Nanoseconds /*iteration*/) {}
};

struct SwapPlan;  // engine/swap/swap_plan.h

/// What a policy may know before it begins.
struct SwapContext {
  PrioritySwapper* swapper = nullptr;
  const SwapMachine* machine = nullptr;
  const AccessProgram* program = nullptr;  ///< the stretch to come; for `needs_program` only, else null
  const SwapPlan* plan = nullptr;  ///< by SwapInfo::plan, made once for several runs; for policies that follow one
  std::uint64_t seed = 0;
};

/// A line of the registry (engine/swap/registry.cpp).
struct SwapInfo {
  std::string_view name;
  std::string_view summary;
  std::span<const OptionSpec> options;
  bool needs_program = false;  ///< looks ahead: an oracle where iterations differ
  /// Of policies that follow a plan made beforehand: makes it. Null for others.
  SwapPlan (*plan)(const OptionValues& options, const AccessProgram& program, const SwapMachine& machine) = nullptr;
  /// Null for `none`.
  std::unique_ptr<SwapPolicy> (*make)(const OptionValues& options, const SwapContext& context) = nullptr;
};

std::span<const SwapInfo> swaps();

}  // namespace vramlab
