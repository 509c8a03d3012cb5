#include "engine/cuda/cuda_device.h"

#include <cuda_runtime_api.h>
#include <fmt/format.h>

#include <algorithm>
#include <new>

#include "engine/core/error.h"
#include "engine/cuda/command.h"
#include "engine/cuda/copies.h"
#include "engine/cuda/cuda_check.h"
#include "engine/cuda/cuda_info.h"
#include "engine/cuda/current_device.h"
#include "engine/cuda/device_memory.h"
#include "engine/cuda/findings_memory.h"
#include "engine/cuda/kernels.h"
#include "engine/cuda/peer_access.h"
#include "engine/cuda/streams.h"
#include "engine/cuda/tokens.h"

namespace vramlab {
namespace {

class RealDevice final : public CudaDevice, public Contents {
 public:
  explicit RealDevice(const CudaOptions& options)
      : options_(options),
        info_(describe_cuda_device(options.device)),
        peer_access_(options.device, options.peer),
        memory_({options.device, options.peer, options.pinned_limit, options.disk_folder}),
        streams_(options.async_segments),
        tokens_(events_),
        copies_(memory_, options.device, options.peer) {
    VRAMLAB_CUDA_CHECK(kernels::load_operators());
    VRAMLAB_CUDA_CHECK(kernels::load_patterns());
    current_.reset();
  }

  ~RealDevice() override {
    // Members go next, and none of them may be in use then. After a fault on the device the wait itself fails.
    current_.emplace(options_.device, std::nothrow);
    for (const cudaStream_t stream : streams_.all()) static_cast<void>(cudaStreamSynchronize(stream));
  }
  RealDevice(const RealDevice&) = delete;
  RealDevice& operator=(const RealDevice&) = delete;

  // --- Memory ----------------------------------------------------------------------------------------------------

  bool take_segment(SegmentId id, Tier tier, Bytes bytes, StreamId stream) override {
    const Command command = counted(CallKind::segment_take);
    if (!in_stream_order(tier)) return memory_.take(id, tier, bytes, std::nullopt);
    const cudaStream_t own = streams_.of(stream);
    if (!memory_.take(id, tier, bytes, own)) return false;
    note_owner(id, stream);
    for (const cudaStream_t other : streams_.all()) streams_.order(own, other);
    return true;
  }
  void return_segment(SegmentId id, Tier tier, Bytes /*bytes*/) override {
    const Command command = counted(CallKind::segment_return);
    if (!in_stream_order(tier)) return memory_.give_back(id, tier, std::nullopt);
    const cudaStream_t own = streams_.of(owner_of(id));
    for (const cudaStream_t other : streams_.all()) streams_.order(other, own);
    memory_.give_back(id, tier, own);
  }
  bool reserve_range(SegmentId id, Bytes bytes) override {
    const Command command = counted(CallKind::range_reserve);
    return memory_.reserve_range(id, bytes);
  }
  void release_range(SegmentId id, Bytes /*bytes*/) override {
    const Command command = counted(CallKind::range_release);
    memory_.release_range(id);
  }
  bool create_pages(PageId first, std::uint32_t count, Bytes page_bytes) override {
    const Command command = counted(CallKind::page_create, count);
    return memory_.create_pages(first, count, page_bytes);
  }
  void destroy_pages(PageId first, std::uint32_t count, Bytes /*page_bytes*/) override {
    const Command command = counted(CallKind::page_destroy, count);
    memory_.destroy_pages(first, count);
  }
  bool map_pages(SegmentId range, Bytes offset, PageId first, std::uint32_t count, Bytes page_bytes) override {
    const Command command = counted(CallKind::map, count);
    return memory_.map(range, offset, first, count, page_bytes);
  }
  void unmap_pages(SegmentId range, Bytes offset, Bytes bytes) override {
    const Command command = counted(CallKind::unmap, bytes / info_.page_granularity);
    memory_.unmap(range, offset, bytes);
  }

  Address base_of(SegmentId id) const override {
    return Address(reinterpret_cast<std::uint64_t>(pointer(id, Bytes(0))));
  }
  void* pointer(SegmentId id, Bytes offset) const override {
    return memory_.pointer(id, Tier::device, offset, Bytes(0));
  }

  // --- Streams and tokens ----------------------------------------------------------------------------------------

  void use_stream(StreamId id, void* stream) override {
    const Command command = begin("use_stream");
    streams_.lend(id, static_cast<cudaStream_t>(stream));
  }

  void clear(const Extent& extent, StreamId stream) override {
    const Command command = begin("clear");
    const kernels::Operand operand = operand_of(extent);
    if (operand.bytes == 0) return;
    VRAMLAB_CUDA_CHECK_WITH(cudaMemsetAsync(operand.at, 0, operand.bytes, streams_.of(stream)), text_of(extent));
  }

  void transfer(TokenId token, const Transfer& transfer, std::span<const TokenId> after) override {
    const Command command = begin("transfer");
    tokens_.check_new(token);
    if (transfer.codec.packs())
      throw DeviceError("a transfer is to be packed, but this device has no codec", {}, "swap without a codec");
    const CopyLane lane = copy_lane(transfer.from.tier, transfer.to.tier);
    const cudaStream_t stream = streams_.of(lane);
    for (const TokenId earlier : after) wait_for(stream, earlier);
    const cudaEvent_t start = record_event(stream, true);
    copies_.put(stream, transfer);
    tokens_.add(token, Streams::lane(lane), start, record_event(stream, true));
    ++counters_.transfers;
    counters_.transferred += transfer.bytes;
  }

  void record(TokenId token, StreamId stream) override {
    const Command command = begin("record");
    tokens_.check_new(token);
    tokens_.add(token, Streams::lane(stream), nullptr, record_event(streams_.of(stream), false));
  }

  void wait(StreamId stream, TokenId token) override {
    const Command command = begin("wait");
    wait_for(streams_.of(stream), token);
  }

  // --- The run ---------------------------------------------------------------------------------------------------

  void launch(StreamId stream, const Work& work) override {
    const Command command = begin("launch");
    reads_.clear();
    writes_.clear();
    for (const Extent& extent : work.reads) reads_.push_back(operand_of(extent));
    for (const Extent& extent : work.writes) writes_.push_back(operand_of(extent));
    // Where contents are compared the program writes them itself; what an operator wrote would only be in its way.
    const kernels::OperatorWork what{static_cast<std::uint64_t>(std::max<std::int64_t>(0, work.gpu_time.value)),
                                     !contents_used_, contents_used_};
    VRAMLAB_CUDA_CHECK_WITH(kernels::launch_operator(place(stream), what, reads_, writes_),
                            fmt::format("{} ns, {} operands read, {} written; {}", work.gpu_time.value, reads_.size(),
                                        writes_.size(), state()));
    ++counters_.launches;
  }

  bool next_completed(TokenId& token, Nanoseconds& duration) override {
    if (!tokens_.outstanding()) return false;
    const CurrentDevice current(options_.device);
    if (!tokens_.next_completed(token, duration)) return false;
    memory_.disk().throw_failure();
    return true;
  }
  void synchronize(TokenId token) override {
    const Command command = begin("synchronize");
    if (const cudaEvent_t event = tokens_.event_of(token); event != nullptr)
      VRAMLAB_CUDA_CHECK_WITH(cudaEventSynchronize(event), fmt::format("token {}; {}", token.value, state()));
    memory_.disk().throw_failure();
  }
  void synchronize() override {
    const Command command = begin("synchronize");
    streams_.synchronize();
    tokens_.settle();
    memory_.disk().throw_failure();
  }

  Nanoseconds now() const override { return time_since(begin_); }
  DeviceCounters counters() const override {
    DeviceCounters counters = counters_;
    counters.transfer_time = tokens_.transfer_time();
    return counters;
  }
  Contents* contents() override { return this; }

  const CudaInfo& info() const override { return info_; }
  std::string state() const override { return memory_.state(); }
  OperatorBytes operator_bytes() override {
    synchronize();
    const CurrentDevice current(options_.device);
    const kernels::Findings findings = findings_.read(streams_.of(CopyLane::host_out));
    return {Bytes(findings.asked), Bytes(findings.touched)};
  }

  // --- Contents --------------------------------------------------------------------------------------------------

  void fill(StreamId stream, const Extent& extent, std::uint64_t pattern) override {
    const Command command = begin("fill");
    contents_used_ = true;
    const kernels::Operand operand = operand_of(extent);
    if (operand.bytes == 0) return;
    VRAMLAB_CUDA_CHECK_WITH(kernels::launch_fill(place(stream), operand, pattern), text_of(extent));
  }
  void check(StreamId stream, const Extent& extent, std::uint64_t pattern, std::uint64_t tag) override {
    const Command command = begin("check");
    contents_used_ = true;
    const kernels::Operand operand = operand_of(extent);
    if (operand.bytes == 0) return;
    VRAMLAB_CUDA_CHECK_WITH(kernels::launch_check(place(stream), operand, pattern, checks_++, tag), text_of(extent));
  }
  void order(StreamId before, StreamId after) override {
    const Command command = begin("order");
    const cudaStream_t first = streams_.of(before);
    streams_.order(first, streams_.of(after));
  }
  std::optional<Mismatch> first_mismatch() override {
    synchronize();
    const CurrentDevice current(options_.device);
    const kernels::Findings findings = findings_.read(streams_.of(CopyLane::host_out));
    if (findings.failed == 0) return std::nullopt;
    return Mismatch{.tag = findings.tag,
                    .offset = Bytes(findings.first),
                    .expected = static_cast<std::uint8_t>(findings.expected),
                    .found = static_cast<std::uint8_t>(findings.found),
                    .bytes = findings.wrong};
  }

 private:
  Command begin(const char* name) const { return {options_.device, options_.ranges_for_profilers, name}; }
  Command counted(CallKind kind, std::uint64_t pages = 0) {
    return {options_.device, options_.ranges_for_profilers, kind, counters_, pages};
  }

  bool in_stream_order(Tier tier) const { return options_.async_segments && tier == Tier::device; }
  void note_owner(SegmentId id, StreamId stream) {
    if (id.value >= owners_.size()) owners_.resize(id.value + std::size_t{1});
    owners_[id.value] = stream;
  }
  StreamId owner_of(SegmentId id) const { return id.value < owners_.size() ? owners_[id.value] : StreamId(0); }

  kernels::Operand operand_of(const Extent& extent) const {
    return {memory_.pointer(extent.segment, Tier::device, extent.offset, extent.bytes), extent.bytes.value};
  }
  std::string text_of(const Extent& extent) const {
    return fmt::format("{} bytes at offset {} of segment {}; {}", extent.bytes.value, extent.offset.value,
                       extent.segment.value, state());
  }
  kernels::Place place(StreamId stream) { return {streams_.of(stream), info_.multiprocessors, findings_.get()}; }

  void wait_for(cudaStream_t stream, TokenId token) {
    if (const cudaEvent_t event = tokens_.event_of(token); event != nullptr)
      VRAMLAB_CUDA_CHECK_WITH(cudaStreamWaitEvent(stream, event, 0), fmt::format("token {}; {}", token.value, state()));
  }
  cudaEvent_t record_event(cudaStream_t stream, bool timed) {
    const cudaEvent_t event = events_.take(timed);
    VRAMLAB_CUDA_CHECK_WITH(cudaEventRecord(event, stream), state());
    return event;
  }

  const CudaOptions options_;
  std::optional<CurrentDevice> current_{options_.device};  // while the members below come and go
  const CudaInfo info_;
  PeerAccess peer_access_;
  DeviceMemory memory_;
  FindingsMemory findings_;
  Streams streams_;
  EventPool events_;
  Tokens tokens_;
  Copies copies_;
  std::vector<kernels::Operand> reads_, writes_;  // of the operator now launched
  std::vector<StreamId> owners_;                  // of segments in stream order, by SegmentId
  DeviceCounters counters_;
  bool contents_used_ = false;
  std::uint64_t checks_ = 0;
  const HostClock::time_point begin_ = HostClock::now();
};

}  // namespace

std::unique_ptr<CudaDevice> make_cuda_device(const CudaOptions& options) {
  const int count = cuda_device_count();
  for (const int ordinal : {options.device, options.peer.value_or(options.device)})
    if (ordinal < 0 || ordinal >= count)
      throw HardwareMissing(fmt::format("no CUDA device {}: there are {}, numbered from 0", ordinal, count), {},
                            "use --device sim");
  return std::make_unique<RealDevice>(options);
}

}  // namespace vramlab
