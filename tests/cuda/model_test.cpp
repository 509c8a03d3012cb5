// Random sequences of commands: the device against bytes in an array of the host.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include "gpu.h"
#include "properties.h"

namespace vramlab {
namespace {

using testing::pick;
using Content = std::vector<std::uint8_t>;

// Everything that the device should hold. Physical memory is a number; a place of a range shows a page or nothing.
struct Model {
  struct Segment {
    Tier tier;
    Content bytes;
  };
  struct Range {
    std::uint64_t pages;
    std::map<std::uint64_t, std::uint32_t> shows;  // place -> page
  };
  std::map<std::uint32_t, Segment> segments;
  std::map<std::uint32_t, Range> ranges;
  std::map<std::uint32_t, Content> pages;
};

class Sequence {
 public:
  Sequence() : device_(make_cuda_device()), page_(device_->info().page_granularity) {}

  void run(int steps) {
    for (int i = 0; i < steps; ++i) step();
    compare_all();
    RC_ASSERT(!device_->contents()->first_mismatch());
  }

 private:
  static constexpr std::uint64_t most = 70000;  // bytes of a segment
  static constexpr StreamId stream{0};

  void step() {
    switch (pick(0, 10)) {
      case 0:
        return take();
      case 1:
        return give_back();
      case 2:
        return reserve();
      case 3:
        return create();
      case 4:
        return map();
      case 5:
        return unmap();
      case 6:
        return copy();
      case 7:
        return check_one();
      case 8:
        return clear();
      default:
        return fill();
    }
  }

  template <class Map>
  static typename Map::iterator any(Map& map) {
    return std::next(map.begin(), pick<std::ptrdiff_t>(0, static_cast<std::ptrdiff_t>(map.size())));
  }

  // A part of memory: of a segment, or of one shown page of a range.
  struct Part {
    SegmentId id;
    Tier tier{};
    std::uint64_t offset = 0;       // in the segment or range
    std::uint8_t* bytes = nullptr;  // of the model
    std::uint64_t length = 0;
  };
  bool part(Part& p, bool device_only) {
    std::vector<Part> all;
    for (auto& [id, s] : model_.segments)
      if (!device_only || s.tier == Tier::device)
        all.push_back({SegmentId(id), s.tier, 0, s.bytes.data(), s.bytes.size()});
    for (auto& [id, r] : model_.ranges)
      for (const auto& [place, page] : r.shows)
        all.push_back({SegmentId(id), Tier::device, place * page_.value, model_.pages[page].data(), page_.value});
    if (all.empty()) return false;
    p = all[pick<std::size_t>(0, all.size())];
    const std::uint64_t begin = pick<std::uint64_t>(0, std::min(p.length, most));
    p.offset += begin;
    p.bytes += begin;
    p.length = pick<std::uint64_t>(0, std::min(p.length - begin, most) + 1);
    return true;
  }

  void take() {
    const std::uint32_t id = next_segment_++;
    const Tier tier = std::vector{Tier::device, Tier::device, Tier::host, Tier::disk}[pick<std::size_t>(0, 4)];
    const std::uint64_t bytes = pick<std::uint64_t>(1, most);
    RC_ASSERT(device_->take_segment(SegmentId(id), tier, Bytes(bytes), stream));
    model_.segments[id] = {tier, Content(bytes)};
    if (tier == Tier::device) device_->clear({SegmentId(id), 0_B, Bytes(bytes)}, stream);
    if (tier == Tier::device) return;
    // What new memory holds is anyone's: the model's zeros come over the link.
    const std::uint32_t zero = next_segment_++;
    RC_ASSERT(device_->take_segment(SegmentId(zero), Tier::device, Bytes(bytes), stream));
    device_->clear({SegmentId(zero), 0_B, Bytes(bytes)}, stream);
    move({SegmentId(zero), Tier::device, 0_B}, {SegmentId(id), tier, 0_B}, Bytes(bytes));
    device_->synchronize();
    device_->return_segment(SegmentId(zero), Tier::device, Bytes(bytes));
  }
  void give_back() {
    if (model_.segments.empty()) return;
    const auto it = any(model_.segments);
    device_->synchronize();
    device_->return_segment(SegmentId(it->first), it->second.tier, Bytes(it->second.bytes.size()));
    model_.segments.erase(it);
  }
  void reserve() {
    if (model_.ranges.size() > 2) return;
    const std::uint32_t id = next_segment_++;
    const std::uint64_t pages = pick<std::uint64_t>(1, 9);
    RC_ASSERT(device_->reserve_range(SegmentId(id), page_ * pages));
    model_.ranges[id] = {pages, {}};
  }
  void create() {
    if (model_.pages.size() > 5) return;
    const std::uint32_t count = pick<std::uint32_t>(1, 4);
    RC_ASSERT(device_->create_pages(PageId(next_page_), count, page_));
    for (std::uint32_t i = 0; i < count; ++i) model_.pages[next_page_ + i] = {};
    next_page_ += count;
  }
  void map() {
    if (model_.ranges.empty() || model_.pages.empty()) return;
    auto& [id, range] = *any(model_.ranges);
    const std::uint32_t first = any(model_.pages)->first;
    const std::uint64_t place = pick<std::uint64_t>(0, range.pages);
    std::uint32_t count = 0;
    while (place + count < range.pages && !range.shows.contains(place + count) && model_.pages.contains(first + count))
      ++count;
    if (count == 0) return;
    RC_ASSERT(device_->map_pages(SegmentId(id), page_ * place, PageId(first), count, page_));
    for (std::uint32_t i = 0; i < count; ++i) {
      range.shows[place + i] = first + i;
      Content& content = model_.pages[first + i];
      if (!content.empty()) continue;
      content.assign(page_.value, 0);
      device_->clear({SegmentId(id), page_ * (place + i), page_}, stream);
    }
  }
  void unmap() {
    if (model_.ranges.empty()) return;
    auto& [id, range] = *any(model_.ranges);
    if (range.shows.empty()) return;
    const std::uint64_t place = any(range.shows)->first;
    std::uint64_t count = 1;
    while (range.shows.contains(place + count) && pick(0, 3) != 0) ++count;
    device_->synchronize();
    device_->unmap_pages(SegmentId(id), page_ * place, page_ * count);
    for (std::uint64_t i = 0; i < count; ++i) range.shows.erase(place + i);
  }
  void fill() {
    Part p;
    if (!part(p, true)) return;
    const auto pattern = pick<std::uint64_t>(0, 1000);
    device_->contents()->fill(stream, {p.id, Bytes(p.offset), Bytes(p.length)}, pattern);
    for (std::uint64_t i = 0; i < p.length; ++i) p.bytes[i] = pattern_byte(pattern, i);
    device_->contents()->check(stream, {p.id, Bytes(p.offset), Bytes(p.length)}, pattern, ++tag_);
  }
  void check_one() {
    Part p;
    if (part(p, true)) compare(p);
  }
  void clear() {
    Part p;
    if (!part(p, true)) return;
    device_->clear({p.id, Bytes(p.offset), Bytes(p.length)}, stream);
    std::fill_n(p.bytes, p.length, std::uint8_t{0});
  }
  // A transfer after the stream's work, and the stream's work after the transfer.
  void move(TransferEnd from, TransferEnd to, Bytes bytes) {
    const TokenId before(next_token_++), token(next_token_++);
    device_->record(before, stream);
    device_->transfer(token, {from, to, bytes}, {&before, 1});
    device_->wait(stream, token);
    if (last_token_.valid() && pick(0, 4) == 0) device_->synchronize(last_token_);
    last_token_ = token;
    report();
  }
  void report() {
    TokenId token;
    Nanoseconds duration{};
    while (device_->next_completed(token, duration)) RC_ASSERT(duration >= 0_ns);
  }
  void copy() {
    Part a, b;
    if (!part(a, false) || !part(b, false)) return;
    const std::uint64_t length = std::min(a.length, b.length);
    if (a.bytes < b.bytes + length && b.bytes < a.bytes + length) return;  // a copy onto itself has no meaning
    move({a.id, a.tier, Bytes(a.offset)}, {b.id, b.tier, Bytes(b.offset)}, Bytes(length));
    // The next transfer may touch the same bytes in another direction: it records after this one, through the stream.
    std::copy_n(a.bytes, length, b.bytes);
  }

  void compare(const Part& p) {
    device_->synchronize();
    Content got(p.length);
    RC_ASSERT(cudaMemcpy(got.data(), device_->pointer(p.id, Bytes(p.offset)), p.length, cudaMemcpyDefault) ==
              cudaSuccess);
    RC_ASSERT(std::equal(got.begin(), got.end(), p.bytes));
  }
  void compare_all() {
    const std::uint32_t window = next_segment_++;
    RC_ASSERT(device_->take_segment(SegmentId(window), Tier::device, Bytes(most), stream));
    for (auto& [id, s] : model_.segments) {
      if (s.tier != Tier::device)
        move({SegmentId(id), s.tier, 0_B}, {SegmentId(window), Tier::device, 0_B}, Bytes(s.bytes.size()));
      compare({SegmentId(s.tier == Tier::device ? id : window), Tier::device, 0, s.bytes.data(), s.bytes.size()});
    }
    for (auto& [id, r] : model_.ranges)
      for (const auto& [place, page] : r.shows)
        compare({SegmentId(id), Tier::device, place * page_.value, model_.pages[page].data(), page_.value});
  }

  std::unique_ptr<CudaDevice> device_;
  Bytes page_;
  Model model_;
  std::uint32_t next_segment_ = 0, next_page_ = 0, next_token_ = 0;
  TokenId last_token_ = TokenId::none();
  std::uint64_t tag_ = 0;
};

TEST(CudaDeviceModel, AnySequenceOfCommandsLeavesTheBytesThatAnArrayWouldHold) {
  if (testing::gpu_count() == 0) GTEST_SKIP() << "no CUDA device here";
  EXPECT_TRUE(testing::holds_for(100, [] { Sequence().run(pick(5, 60)); }));
}

}  // namespace
}  // namespace vramlab
