#pragma once
// Drives a trace through a pool on a device.

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/core/decision.h"
#include "engine/core/option.h"
#include "engine/device/device.h"
#include "engine/device/input_log.h"
#include "engine/pool/pool.h"
#include "engine/replay/report.h"
#include "engine/swap/swap_policy.h"
#include "traces/trace.h"

namespace vramlab {

/// Where completions come from; see the heart of the design.
enum class InputsMode : std::uint8_t { model, measured, log };

/// Sees events and decisions in order: validators, maps, views. Only with watchers are decisions flushed at every
/// event, so a replay without them runs at full speed.
class ReplayWatcher : public EventSink {
 public:
  /// Before the decisions of event `position`.
  virtual void on_event(const Trace& trace, std::uint64_t position) = 0;
  /// Right before the operator of event `position` is launched, all decisions so far handed over.
  virtual void on_launch(const Trace& /*trace*/, std::uint64_t /*position*/) {}
  virtual void on_end(const Trace& /*trace*/) {}
};

/// What an operator costs beside its work; see CallCosts of the machine models.
struct OperatorTiming {
  Nanoseconds launch{};  ///< of the host
  Nanoseconds gap{};     ///< of the device, between two operators
  Nanoseconds floor{};   ///< of the device: no operator is shorter
};

/// Swapping in a replay. The run is then the stretch with operators alone: what is live at its begin is allocated
/// first.
struct SwapRequest {
  const SwapInfo* policy = nullptr;  ///< null or `none`: nothing is swapped, the whole trace is replayed
  OptionValues options;              ///< of the policy's table
  SwapMachine machine;               ///< links, codec and limit
  OperatorTiming timing;
  std::array<Bytes, 4> tier_capacity{};  ///< by Tier: what may be held there
  // What is smaller or larger stays, where the policy has no options of these names.
  Bytes min_swap{std::uint64_t{1} << 20};
  Bytes max_swap = unlimited_bytes;
  /// The stretch runs so many times before the round whose times, bytes and peaks are told.
  std::uint32_t rounds_before = 0;
  bool swaps() const { return policy != nullptr && policy->make != nullptr; }
};

/// What kept streams and links busy in a run and in its ideal (same pool, unlimited memory, nothing swapped), by the
/// device's clock, from the begin of the stretch with operators on; by begin. Operator k of the trace is the span of
/// kind launch with order k.
struct ReplayTimeline {
  std::vector<TimelineSpan> swapped, ideal;
  Nanoseconds swapped_begin{}, ideal_begin{};  ///< of the stretch
  Nanoseconds swapped_end{}, ideal_end{};      ///< everything is done, transfers too
};

struct ReplayRequest {
  SwapRequest swap;
  const PoolInfo* pool = nullptr;
  OptionValues pool_options;         ///< of the pool's table
  Bytes capacity = unlimited_bytes;  ///< --cap
  std::string machine_name;          ///< for the report
  std::string device_name = "sim";
  Bytes device_memory{};  ///< of the machine
  std::function<std::unique_ptr<RunnableDevice>()> make_device;
  /// As make_device, with more memory than any trace needs: for the ideal that `overhead` compares with. Null =
  /// make_device.
  std::function<std::unique_ptr<RunnableDevice>()> make_ideal_device;
  /// Of a real device: a model of it, for runs of which only the decisions are asked (they get the inputs of the first
  /// run). Null = make_device.
  std::function<std::unique_ptr<RunnableDevice>()> make_model_device;
  std::uint64_t seed = 0;
  double min_seconds = 1.0;    ///< runs are repeated until they took this long in all; 0 = one run
  std::uint64_t repeat = 1;    ///< runs at least; of a real device's times the medians are told
  bool warm_up = false;        ///< a run before the one whose times are told
  bool verify = false;         ///< every decision, and on a device with contents every byte
  bool debug_history = false;  ///< failures tell the block's last allocation and free, and the largest live objects
  InputsMode inputs = InputsMode::model;
  const InputLog* log_in = nullptr;      ///< InputsMode::log
  InputLog* log_out = nullptr;           ///< what arrived, when not null
  std::vector<ReplayWatcher*> watchers;  ///< one extra untimed run is made for them
  ReplayTimeline* timeline = nullptr;    ///< when not null: two extra untimed runs, of the model, fill it
  std::function<void(double)> progress;  ///< fraction done, for long replays
};

/// Times are of the last run that nobody watched, or medians as `repeat` says. Throws OutOfMemory (naming event and
/// request), PoolError, InvariantError (from --verify), DeviceError.
Report replay(const Trace& trace, const ReplayRequest& request);

}  // namespace vramlab
