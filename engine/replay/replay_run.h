#pragma once
// One run of a trace through a pool: fresh device, Port and pool, driven from the first event to the last.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/core/decision.h"
#include "engine/core/error.h"
#include "engine/device/port.h"
#include "engine/pool/pool.h"
#include "engine/replay/digest.h"
#include "engine/replay/fidelity.h"
#include "engine/replay/inputs.h"
#include "engine/replay/live_contents.h"
#include "engine/replay/live_operators.h"
#include "engine/replay/load.h"
#include "engine/replay/placement_table.h"
#include "engine/replay/program.h"
#include "engine/replay/replay.h"
#include "engine/replay/steady_meter.h"
#include "engine/replay/swap_driver.h"

namespace vramlab {

/// What every run of one replay has in common.
struct RunSetup {
  const Trace* trace = nullptr;
  const PoolInfo* pool = nullptr;
  OptionValues options;
  PoolContext context;
  Bytes capacity = unlimited_bytes;
  std::vector<RecordedAddress> recorded_addresses;  ///< empty: the Port assigns its own
  std::function<std::unique_ptr<RunnableDevice>()> make_device;
  const InputLog* log_in = nullptr;               ///< inputs are these instead of the device's own
  InputLog* log_out = nullptr;                    ///< gets the device's own inputs
  EventSink* sink = nullptr;                      ///< gets the decisions, when not null
  const SwapSetup* swap = nullptr;                ///< null: nothing is swapped; `trace` is its window else
  std::vector<TimelineSpan>* timeline = nullptr;  ///< gets what the device tells of its streams and links
  std::function<void(double)> progress;
  bool debug_history = false;       ///< a failure tells what became of the block before
  std::uint64_t measured_from = 0;  ///< event with which the window begins anew: what came before it was to settle
};

/// What watchers cost time for: asked of one untimed run.
struct Observation {
  std::vector<ReplayWatcher*> watchers;
  bool validate = false;           ///< the pool's own structures, every now and then
  bool compare_addresses = false;  ///< with the recorded ones
  bool check_contents = false;     ///< of memory, on a device that has contents
};

struct RunResult {
  std::string digest;
  LoadMeter load;
  PortCounts counts;
  DeviceCounters device;
  std::optional<Nanoseconds> simulated;  ///< device time from the first iteration with operators to the end
  std::optional<Fidelity> fidelity;      ///< of a device with contents, its stalls not filled in
  Nanoseconds window_late{};             ///< of the host's waiting for late completions, what fell into that time
  std::optional<Steady> steady;
  Nanoseconds window_begin{}, window_end{};  ///< of `simulated`, by the device's clock
  std::optional<SwapStats> swap;             ///< of the stretch with operators
  std::uint64_t address_mismatches = 0;
  double loop_seconds = 0;  ///< host time of the loop with its digest
};

class ReplayRun {
 public:
  explicit ReplayRun(const RunSetup& setup, const Observation* observation = nullptr);

  /// Throws OutOfMemory and PoolError naming the event. A run that swaps brings everything home at last where somebody
  /// observes it; the result is of the time before.
  RunResult run();
  /// Goes on until after the first `events` events and hands all decisions so far to the sink. REQUIRES: no
  /// observation, no call of run(), and the same run has gone that far before.
  void run_until(std::uint64_t events);

 private:
  std::unique_ptr<Pool> make_pool();
  template <class Work>
  void name_failures(Work&& work) const;
  void run_all();
  void finish();
  void run_batch(std::span<const Step> steps);
  void run_batch_hinted(std::span<const Step> steps);
  void run_batch_looking_ahead(std::span<const Step> steps);
  void look_ahead(std::span<const Step> steps, std::size_t from) const;
  void observe_batch(std::span<const Step> steps);
  void deliver_inputs() {
    if (inputs_.due(position_)) [[unlikely]]
      inputs_.deliver(position_);
  }
  template <bool hinted = false>
  void perform(const Step& step);
  template <bool hinted>
  void allocate(const Step& step);
  void begin_iteration(std::uint32_t number);
  void launch(std::uint32_t op);
  void begin_launches();
  void put_operator(std::uint32_t op);
  void begin_window();
  bool measuring_begins() const { return position_ == setup_.measured_from + 1 && setup_.measured_from != 0; }
  void tell_launch();

  // In replay_swap.cpp.
  void run_batch_swapping(std::span<const Step> steps);
  void perform_swapping(const Step& step);
  void allocate_swapping(const Step& step);
  void free_swapping(const Step& step, ObjectId object);
  void launch_swapping(std::uint32_t op);
  void begin_iteration_swapping(std::uint32_t number);
  void begin_stretch();
  void compare_before();
  void come_home();
  SwapStats stretch_stats() const;
  Nanoseconds timetable_now() const;

  void follow_contents();
  void compare_address(const Step& step);
  RunResult result() const;
  Fidelity fidelity() const;
  PacingCounts pacing() const;
  std::string state_text() const;
  std::string failure_text(const Error& error) const;

  const RunSetup& setup_;
  const Observation* observation_;
  const Trace& trace_;
  std::uint64_t position_ = 0;  ///< events begun
  // What a pool gives back when it goes still needs a device and a log: they come before it.
  DigestSink digest_;
  PlacementTable places_;  ///< followed on a device with contents only
  DecisionLog log_;
  std::unique_ptr<RunnableDevice> device_;
  Port port_;
  std::optional<StreamOrder> order_;  ///< when swapping
  std::unique_ptr<Pool> pool_;
  std::optional<SwapDriver> swap_;
  InputFeed inputs_;
  std::optional<LiveOperators> operators_;  ///< on a device with contents
  std::optional<LiveContents> contents_;

  std::vector<std::uint64_t> lifetimes_;  ///< by object, in events; empty unless the pool is to be told
  Program program_;
  std::span<const Step> rest_;  ///< of the batch in which run_until() stopped
  LoadMeter load_;
  std::uint32_t next_object_ = 0;
  bool in_iteration_ = false;
  bool launched_ = false;  ///< an operator was seen: the window has begun
  Nanoseconds window_start_{}, predicted_window_start_{}, late_before_window_{};
  bool stretch_begun_ = false;     ///< when swapping
  Nanoseconds iteration_begin_{};  ///< by the clock of the timetable
  SwapStats stats_before_;         ///< the stretch
  SteadyMeter steady_;
  std::uint64_t address_mismatches_ = 0;
  double loop_seconds_ = 0;
};

}  // namespace vramlab
