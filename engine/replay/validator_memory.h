#pragma once
// The validator's own account of memory: segments, ranges, pages, and what is mapped where.

#include <cstdint>
#include <map>
#include <stdexcept>
#include <unordered_map>
#include <vector>

#include "engine/core/decision.h"

namespace vramlab::validation {

/// What is wrong with a decision; the validator adds the event.
class Complaint : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Bytes of physical memory under numbers of the validator's own, never given twice: [begin, end).
struct Piece {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

/// Held bytes with adjacent addresses: a segment, a page where it is mapped, or one that is mapped nowhere.
struct Stretch {
  std::uint32_t space = 0;   ///< segment or range
  std::uint64_t offset = 0;  ///< in it
  Piece physical;
  bool addressed = true;  ///< false: mapped nowhere; space and offset say nothing
};

/// Follows the decisions that take, map and give back memory. Every call throws Complaint when the decision cannot be
/// right; the account is then not to be used any more.
class MemoryAccount {
 public:
  void take_segment(const Decision& d);
  /// Returns what the segment was.
  Piece return_segment(const Decision& d);
  void reserve_range(const Decision& d);
  void release_range(const Decision& d);
  void create_pages(const Decision& d);
  /// Returns what each page was.
  std::vector<Piece> destroy_pages(const Decision& d);
  /// DecisionKind::map and alias.
  void map(const Decision& d);
  void unmap(const Decision& d);

  /// Throws too where a live object would lose its bytes.
  void clear(const Decision& d) const;

  /// The physical memory behind `bytes` bytes at `offset` of a segment or range, in order.
  std::vector<Piece> pieces(std::uint32_t segment, std::uint64_t offset, std::uint64_t bytes) const;

  /// All that is held on the device tier, by (space, offset); a page once for each of its mappings, and last those that
  /// are mapped nowhere.
  std::vector<Stretch> device_stretches() const;

  /// An object occupies these addresses from now on: they must not be given back or unmapped under it.
  void occupy(const Decision& place);
  void vacate(std::uint32_t segment, std::uint64_t offset);

 private:
  struct Page {
    std::uint64_t physical = 0;
    std::uint64_t bytes = 0;
    std::uint32_t mappings = 0;
  };
  struct Occupant {
    std::uint64_t end = 0;
    std::uint32_t object = 0;
  };
  struct Space {
    bool is_range = false;
    Tier tier{};
    std::uint64_t bytes = 0;
    std::uint64_t physical = 0;                     ///< of a segment
    std::map<std::uint64_t, std::uint32_t> mapped;  ///< of a range: offset -> page
    std::map<std::uint64_t, Occupant> occupants;    ///< by offset
  };

  Space& add_space(const Decision& d, bool is_range);
  Space& space(std::uint32_t segment, bool is_range);
  const Space& space(std::uint32_t segment) const;
  Page& page(std::uint32_t id);
  std::uint64_t mapped_end(const Space& range, std::map<std::uint64_t, std::uint32_t>::const_iterator at) const;
  std::vector<Piece> range_pieces(std::uint32_t segment, const Space& range, std::uint64_t offset,
                                  std::uint64_t end) const;
  void map_page(const Decision& d, Space& range, std::uint32_t id, std::uint64_t offset);
  void require_vacant(const Space& space, const Decision& d, std::uint64_t begin, std::uint64_t end) const;
  static void require_inside(const Space& held, std::uint32_t segment, std::uint64_t offset, std::uint64_t bytes);
  std::uint64_t number_bytes(std::uint64_t bytes);

  std::unordered_map<std::uint32_t, Space> spaces_;
  std::unordered_map<std::uint32_t, Page> pages_;
  std::uint32_t next_segment_ = 0;
  std::uint32_t next_page_ = 0;
  std::uint64_t next_physical_ = 0;
};

}  // namespace vramlab::validation
