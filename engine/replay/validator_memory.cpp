#include "engine/replay/validator_memory.h"

#include <fmt/format.h>
#include <algorithm>
#include <iterator>
#include <tuple>

namespace vramlab::validation {
namespace {

template <class... Args>
void require(bool holds, fmt::format_string<Args...> what, Args&&... args) {
  if (!holds) throw Complaint(fmt::format(what, std::forward<Args>(args)...));
}

}  // namespace

std::uint64_t MemoryAccount::number_bytes(std::uint64_t bytes) {
  const std::uint64_t begin = next_physical_;
  next_physical_ += bytes;
  return begin;
}

MemoryAccount::Space& MemoryAccount::add_space(const Decision& d, bool is_range) {
  require(d.segment == next_segment_, "segment {} is new, but the next number is {}", d.segment, next_segment_);
  require(d.bytes > 0, "segment {} has no bytes", d.segment);
  ++next_segment_;
  Space& added = spaces_[d.segment];
  added.is_range = is_range;
  added.tier = d.tier;
  added.bytes = d.bytes;
  return added;
}

const MemoryAccount::Space& MemoryAccount::space(std::uint32_t segment) const {
  const auto found = spaces_.find(segment);
  require(found != spaces_.end(), "segment {} is not held", segment);
  return found->second;
}

MemoryAccount::Space& MemoryAccount::space(std::uint32_t segment, bool is_range) {
  const auto found = spaces_.find(segment);
  require(found != spaces_.end(), "segment {} is not held", segment);
  require(found->second.is_range == is_range, "segment {} is {}a virtual range", segment, is_range ? "not " : "");
  return found->second;
}

MemoryAccount::Page& MemoryAccount::page(std::uint32_t id) {
  const auto found = pages_.find(id);
  require(found != pages_.end(), "page {} does not exist", id);
  return found->second;
}

void MemoryAccount::take_segment(const Decision& d) { add_space(d, false).physical = number_bytes(d.bytes); }

Piece MemoryAccount::return_segment(const Decision& d) {
  const Space& held = space(d.segment, false);
  require(d.bytes == held.bytes, "segment {} has {} bytes, but {} are returned", d.segment, held.bytes, d.bytes);
  require(d.tier == held.tier, "segment {} is returned to another tier than it came from", d.segment);
  require_vacant(held, d, 0, held.bytes);
  const Piece was{held.physical, held.physical + held.bytes};
  spaces_.erase(d.segment);
  return was;
}

void MemoryAccount::reserve_range(const Decision& d) { add_space(d, true); }

void MemoryAccount::release_range(const Decision& d) {
  const Space& held = space(d.segment, true);
  require(d.bytes == held.bytes, "range {} has {} bytes, but {} are released", d.segment, held.bytes, d.bytes);
  require(held.mapped.empty(), "range {} is released with page {} mapped in it", d.segment,
          held.mapped.empty() ? 0 : held.mapped.begin()->second);
  spaces_.erase(d.segment);
}

void MemoryAccount::create_pages(const Decision& d) {
  const std::uint64_t page_bytes = d.offset;
  require(d.object == next_page_, "page {} is new, but the next number is {}", d.object, next_page_);
  require(page_bytes > 0 && d.bytes > 0 && d.bytes % page_bytes == 0, "{} bytes are no pages of {} bytes", d.bytes,
          page_bytes);
  for (std::uint64_t done = 0; done < d.bytes; done += page_bytes)
    pages_[next_page_++] = {.physical = number_bytes(page_bytes), .bytes = page_bytes};
}

std::vector<Piece> MemoryAccount::destroy_pages(const Decision& d) {
  std::vector<Piece> were;
  std::uint32_t id = d.object;
  for (std::uint64_t done = 0; done < d.bytes; done += were.back().end - were.back().begin, ++id) {
    const Page& gone = page(id);
    require(gone.bytes == d.offset, "page {} has {} bytes, not {}", id, gone.bytes, d.offset);
    require(gone.mappings == 0, "page {} is destroyed while it is mapped", id);
    were.push_back({gone.physical, gone.physical + gone.bytes});
    pages_.erase(id);
  }
  return were;
}

std::uint64_t MemoryAccount::mapped_end(const Space& range,
                                        std::map<std::uint64_t, std::uint32_t>::const_iterator at) const {
  return at == range.mapped.end() ? 0 : at->first + pages_.at(at->second).bytes;
}

void MemoryAccount::map(const Decision& d) {
  Space& range = space(d.segment, true);
  require_inside(range, d.segment, d.offset, d.bytes);
  std::uint32_t id = d.object;
  std::uint64_t done = 0;
  for (; done < d.bytes; ++id) {
    map_page(d, range, id, d.offset + done);
    done += page(id).bytes;
  }
  require(done == d.bytes, "{} bytes are mapped, which is no whole number of pages from page {} on", d.bytes, d.object);
}

void MemoryAccount::map_page(const Decision& d, Space& range, std::uint32_t id, std::uint64_t offset) {
  Page& mapped = page(id);
  const bool alias = d.kind == DecisionKind::alias;
  require(alias == (mapped.mappings > 0), "page {} is {} although it is {}mapped elsewhere", id,
          alias ? "aliased" : "mapped", alias ? "not " : "");
  const auto above = range.mapped.lower_bound(offset);
  const bool below_clear = above == range.mapped.begin() || mapped_end(range, std::prev(above)) <= offset;
  const bool above_clear = above == range.mapped.end() || above->first >= offset + mapped.bytes;
  require(below_clear && above_clear, "page {} is mapped at {} of range {}, where another page is", id, offset,
          d.segment);
  range.mapped.emplace(offset, id);
  ++mapped.mappings;
}

void MemoryAccount::unmap(const Decision& d) {
  Space& range = space(d.segment, true);
  require_inside(range, d.segment, d.offset, d.bytes);
  require_vacant(range, d, d.offset, d.offset + d.bytes);
  const std::uint64_t end = d.offset + d.bytes;
  for (std::uint64_t at = d.offset; at < end;) {
    const auto found = range.mapped.find(at);
    require(found != range.mapped.end(), "no page begins at {} of range {}, which is unmapped", at, d.segment);
    Page& unmapped = page(found->second);
    at += unmapped.bytes;
    require(at <= end, "page {} is unmapped in part", found->second);
    --unmapped.mappings;
    range.mapped.erase(found);
  }
}

void MemoryAccount::clear(const Decision& d) const {
  static_cast<void>(pieces(d.segment, d.offset, d.bytes));
  require_vacant(space(d.segment), d, d.offset, d.offset + d.bytes);
}

void MemoryAccount::require_inside(const Space& held, std::uint32_t segment, std::uint64_t offset,
                                   std::uint64_t bytes) {
  require(offset <= held.bytes && bytes <= held.bytes - offset, "bytes {} to {} are not inside segment {} of {} bytes",
          offset, offset + bytes, segment, held.bytes);
}

std::vector<Piece> MemoryAccount::pieces(std::uint32_t segment, std::uint64_t offset, std::uint64_t bytes) const {
  const Space& held = space(segment);
  require_inside(held, segment, offset, bytes);
  if (held.is_range) return range_pieces(segment, held, offset, offset + bytes);
  return {{held.physical + offset, held.physical + offset + bytes}};
}

std::vector<Piece> MemoryAccount::range_pieces(std::uint32_t segment, const Space& range, std::uint64_t offset,
                                               std::uint64_t end) const {
  std::vector<Piece> found;
  auto at = range.mapped.upper_bound(offset);
  if (at != range.mapped.begin()) --at;
  while (offset < end) {
    require(at != range.mapped.end() && at->first <= offset && offset < mapped_end(range, at),
            "byte {} of range {} has no page", offset, segment);
    const std::uint64_t stop = std::min(end, mapped_end(range, at));
    const std::uint64_t begin = pages_.at(at->second).physical + (offset - at->first);
    const Piece piece{begin, begin + (stop - offset)};
    if (!found.empty() && found.back().end == piece.begin) {
      found.back().end = piece.end;
    } else {
      found.push_back(piece);
    }
    offset = stop;
    ++at;
  }
  return found;
}

std::vector<Stretch> MemoryAccount::device_stretches() const {
  std::vector<Stretch> stretches;
  for (const auto& [id, held] : spaces_) {
    if (!held.is_range && held.tier == Tier::device)
      stretches.push_back({id, 0, {held.physical, held.physical + held.bytes}});
    for (const auto& [offset, number] : held.mapped) {
      const Page& page = pages_.at(number);
      stretches.push_back({id, offset, {page.physical, page.physical + page.bytes}});
    }
  }
  for (const auto& [id, page] : pages_)
    if (page.mappings == 0) stretches.push_back({0, 0, {page.physical, page.physical + page.bytes}, false});
  std::sort(stretches.begin(), stretches.end(), [](const Stretch& a, const Stretch& b) {
    return std::tuple(!a.addressed, a.space, a.offset, a.physical.begin) <
           std::tuple(!b.addressed, b.space, b.offset, b.physical.begin);
  });
  return stretches;
}

void MemoryAccount::occupy(const Decision& place) {
  spaces_.at(place.segment).occupants[place.offset] = {.end = place.offset + place.bytes, .object = place.object};
}

void MemoryAccount::vacate(std::uint32_t segment, std::uint64_t offset) { spaces_.at(segment).occupants.erase(offset); }

void MemoryAccount::require_vacant(const Space& space, const Decision& d, std::uint64_t begin,
                                   std::uint64_t end) const {
  const auto above = space.occupants.lower_bound(end);
  if (above == space.occupants.begin()) return;
  const Occupant& last = std::prev(above)->second;
  require(last.end <= begin, "segment {} is given back under live object {}, which is at {} to {} of it", d.segment,
          last.object, std::prev(above)->first, last.end);
}

}  // namespace vramlab::validation
