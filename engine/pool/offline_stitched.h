#pragma once
// The memory of a stitched plan: all its pages, mapped at home and in every view, before the first object is placed.

#include <optional>
#include <vector>

#include "engine/core/instance.h"
#include "engine/pool/offline_memory.h"
#include "engine/pool/stitched_plan.h"
#include "engine/pool/stream_fence.h"

namespace vramlab {

/// Unmapped only after the streams that used it are done. `instance` must outlive it.
class StitchedMemory final : public OfflineMemory {
 public:
  StitchedMemory(Port& port, const Instance& instance, StitchedPlan plan);

  bool held() const override { return held_; }
  void take(StreamId stream) override;
  void give_back() override;
  void completed(TokenId token) override;
  Spot spot(std::uint32_t object) const override;
  void use(std::uint32_t object, StreamId stream) override;
  void leave(std::uint32_t object, StreamId stream) override;

 private:
  struct ViewSpace {
    std::uint32_t range = 0;
    Bytes offset{};
    Bytes bytes{};
  };
  struct Mapped {
    std::size_t range = 0;
    Bytes offset{};
    Bytes bytes{};
  };

  void lay_out_views();
  bool take_all();
  bool map_views();
  void undo();

  Port& port_;
  const Instance& instance_;
  StitchedPlan plan_;
  StreamFence fence_;
  std::vector<Bytes> range_bytes_;  // the home of all pages, then those of the views
  std::vector<ViewSpace> view_spaces_;
  bool held_ = false;
  std::vector<Space> ranges_;
  std::optional<PageId> first_;
  std::vector<Mapped> mapped_;
  std::vector<StreamId> streams_;  // that used it
  std::vector<TokenId> waiting_;   // for these to be done, before it goes back
};

}  // namespace vramlab
