#include "sim/simulated_device.h"

#include <algorithm>

#include "sim/accounts.h"
#include "sim/kept_memory.h"
#include "sim/schedule.h"

namespace vramlab {
namespace {

// Which calls wait for running work, measured on one H200 (driver 580.159, CUDA 13.0) by making each while a 20 ms
// kernel ran in another stream: cudaFree and cudaFreeHost returned after the kernel's end; cudaMalloc, cudaHostAlloc,
// cuMemCreate, cuMemRelease, cuMemMap, cuMemSetAccess, cuMemUnmap and the reserving of addresses returned as fast as on
// an idle device. NVIDIA's programming guide (section "Stream-Ordered Memory Allocator") says the same of cudaFree. So
// giving segments of the device, the peer or the host back waits for everything; nothing else here does. That an
// unmapped page is no longer used is the policy's care.
class SimulatedDevice final : public RunnableDevice {
 public:
  SimulatedDevice(const MachineModel& machine, Bytes physical_memory)
      : machine_(machine),
        calls_(machine_.calls),
        accounts_(physical_memory, machine.device_memory * (machine.gpus - 1), machine.page_granularity),
        schedule_(machine_) {}

  bool take_segment(SegmentId id, Tier tier, Bytes bytes, StreamId /*stream*/) override {
    const bool taken = accounts_.take(id, tier, bytes);
    const bool reused = taken && keeps(tier) && kept_.take(id, bytes);
    call(CallKind::segment_take, reused ? *calls_.pin_reuse : take_cost(tier, taken ? bytes : Bytes(0)));
    return taken;
  }

  void return_segment(SegmentId id, Tier tier, Bytes bytes) override {
    accounts_.give_back(id, tier, bytes);
    Nanoseconds waited{};
    if (keeps(tier)) {
      kept_.give_back(id);
    } else if (tier != Tier::disk) {
      waited = std::max(now_, schedule_.all_done()) - now_;
    }
    call(CallKind::segment_return, waited + return_cost(tier, bytes));
  }

  bool reserve_range(SegmentId id, Bytes bytes) override {
    accounts_.reserve_range(id, bytes);
    call(CallKind::range_reserve, calls_.range_reserve);
    return true;
  }

  void release_range(SegmentId id, Bytes bytes) override {
    accounts_.release_range(id, bytes);
    call(CallKind::range_release, calls_.range_release);
  }

  bool create_pages(PageId first, std::uint32_t count, Bytes page_bytes) override {
    const bool created = accounts_.create_pages(first, count, page_bytes);
    call(CallKind::page_create, calls_.page_create_call + calls_.page_create.at(page_bytes) * (created ? count : 1),
         count);
    return created;
  }

  void destroy_pages(PageId first, std::uint32_t count, Bytes page_bytes) override {
    accounts_.destroy_pages(first, count, page_bytes);
    call(CallKind::page_destroy, calls_.page_destroy_call + calls_.page_destroy.at(page_bytes) * count, count);
  }

  bool map_pages(SegmentId range, Bytes offset, PageId first, std::uint32_t count, Bytes page_bytes) override {
    accounts_.map(range, offset, first, count, page_bytes);
    call(CallKind::map, calls_.map_call + calls_.map.at(page_bytes) * count, count);
    return true;
  }

  void unmap_pages(SegmentId range, Bytes offset, Bytes bytes) override {
    const Nanoseconds cost = accounts_.unmap(range, offset, bytes, calls_.unmap);
    call(CallKind::unmap, calls_.unmap_call + cost, bytes / machine_.page_granularity);
  }

  void transfer(TokenId token, const Transfer& transfer, std::span<const TokenId> after) override {
    accounts_.check_end(transfer.from, transfer.bytes);
    accounts_.check_end(transfer.to, transfer.bytes);
    const Route route = route_between(transfer.from.tier, transfer.to.tier, machine_);
    schedule_.transfer(token, route, load_of(transfer), after, now_ + calls_.transfer);
    now_ += calls_.transfer;
    ++counters_.transfers;
    counters_.transferred += transfer.bytes;
  }

  // Writes as fast as a copy inside the device reads and writes.
  void clear(const Extent& extent, StreamId stream) override {
    accounts_.check_end({extent.segment, Tier::device, extent.offset}, extent.bytes);
    const double seconds = static_cast<double>(extent.bytes.value) /
                           (2 * static_cast<double>(std::max<std::uint64_t>(1, machine_.device_copy.bytes_per_second)));
    now_ = schedule_.clear(stream, Nanoseconds(static_cast<std::int64_t>(seconds * 1e9)), now_ + calls_.launch);
  }

  void record(TokenId token, StreamId stream) override {
    schedule_.record(token, stream, now_ + calls_.record);
    now_ += calls_.record;
  }

  void wait(StreamId stream, TokenId token) override {
    schedule_.wait(stream, token, now_ + calls_.wait);
    now_ += calls_.wait;
  }

  void launch(StreamId stream, const Work& work) override {
    now_ = schedule_.launch(stream, work.gpu_time, now_ + calls_.launch);
    ++counters_.launches;
  }

  bool next_completed(TokenId& token, Nanoseconds& duration) override {
    return schedule_.next_completed(now_, token, duration);
  }

  void synchronize(TokenId token) override { now_ = std::max(now_, schedule_.completion(token)); }
  void synchronize() override { now_ = std::max(now_, schedule_.all_done()); }
  Nanoseconds now() const override { return now_; }

  bool follow_timeline(std::vector<TimelineSpan>* spans) override {
    schedule_.follow_timeline(spans);
    return true;
  }

  DeviceCounters counters() const override {
    DeviceCounters counters = counters_;
    counters.transfer_time = schedule_.link_time();
    return counters;
  }

 private:
  void call(CallKind kind, Nanoseconds cost, std::uint64_t pages = 0) {
    now_ += cost;
    counters_.add(kind, pages, cost);
  }

  // Bytes are packed as they leave the device and unpacked as they come back.
  static Schedule::Load load_of(const Transfer& transfer) {
    if (!transfer.codec.packs()) return {.bytes = transfer.bytes, .lead = {}, .lag = {}, .unpacked = transfer.bytes};
    const bool out = transfer.from.tier == Tier::device, in = transfer.to.tier == Tier::device;
    return {.bytes = transfer.codec.packed(transfer.bytes),
            .lead = out ? transfer.codec.compress_time(transfer.bytes) : Nanoseconds(0),
            .lag = in ? transfer.codec.decompress_time(transfer.bytes) : Nanoseconds(0),
            .unpacked = transfer.bytes};
  }

  bool keeps(Tier tier) const { return tier == Tier::host && calls_.pin_reuse.has_value(); }

  // A segment of the disk is a part of an open file: taking and returning it costs nothing.
  Nanoseconds take_cost(Tier tier, Bytes bytes) const {
    if (tier == Tier::disk) return {};
    return tier == Tier::host ? calls_.pin.at(bytes) : calls_.segment_take.at(bytes);
  }

  Nanoseconds return_cost(Tier tier, Bytes bytes) const {
    if (tier == Tier::disk) return {};
    return tier == Tier::host ? calls_.unpin.at(bytes) : calls_.segment_return.at(bytes);
  }

  const MachineModel machine_;
  const CallCosts& calls_;
  MemoryAccounts accounts_;
  KeptMemory kept_;
  Schedule schedule_;
  Nanoseconds now_{};
  DeviceCounters counters_;
};

}  // namespace

std::unique_ptr<RunnableDevice> make_simulated_device(const MachineModel& machine, Bytes physical_memory) {
  return std::make_unique<SimulatedDevice>(machine, physical_memory);
}

std::unique_ptr<RunnableDevice> make_simulated_device(const MachineModel& machine) {
  return make_simulated_device(machine, machine.device_memory);
}

}  // namespace vramlab
