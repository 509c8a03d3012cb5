#pragma once
// A named range on the profiler's time line (NVTX). Without a profiler it costs a test of a pointer.

#include <nvtx3/nvToolsExt.h>

namespace vramlab {

class ProfilerRange {
 public:
  ProfilerRange(bool wanted, const char* name) : open_(wanted) {
    if (open_) nvtxRangePushA(name);
  }
  ~ProfilerRange() {
    if (open_) nvtxRangePop();
  }
  ProfilerRange(const ProfilerRange&) = delete;
  ProfilerRange& operator=(const ProfilerRange&) = delete;

 private:
  bool open_;
};

}  // namespace vramlab
