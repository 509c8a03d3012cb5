#include "experiments/cuda_world.h"

#include "engine/core/error.h"
#if VRAMLAB_HAS_CUDA
#include "engine/cuda/cuda_device.h"
#endif

namespace vramlab {

#if VRAMLAB_HAS_CUDA
CudaWorld cuda_world() {
  const CudaInfo info = cuda_devices().at(0);
  return {info.name, info.memory};
}
std::unique_ptr<RunnableDevice> make_cuda() { return make_cuda_device(); }
#else
namespace {
[[noreturn]] void refuse() {
  throw HardwareMissing("this build has no CUDA device", {}, "use --device sim, or build with a toolkit of CUDA 13");
}
}  // namespace
CudaWorld cuda_world() { refuse(); }
std::unique_ptr<RunnableDevice> make_cuda() { refuse(); }
#endif

}  // namespace vramlab
