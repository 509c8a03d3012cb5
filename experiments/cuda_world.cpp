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
std::unique_ptr<RunnableDevice> make_cuda(bool with_peer) {
  CudaOptions options;
  if (!with_peer) return make_cuda_device(options);
  const CudaInfo info = cuda_devices().at(0);
  if (info.peers.empty())
    throw HardwareMissing("the machine model has a peer, but GPU 0 can reach no other GPU's memory", {},
                          "name a --machine of one GPU");
  options.device = info.ordinal;
  options.peer = info.peers.front();
  return make_cuda_device(options);
}
#else
namespace {
[[noreturn]] void refuse() {
  throw HardwareMissing("this build has no CUDA device", {},
                        "use another --device, or build with a toolkit of CUDA 13");
}
}  // namespace
CudaWorld cuda_world() { refuse(); }
std::unique_ptr<RunnableDevice> make_cuda(bool /*with_peer*/) { refuse(); }
std::unique_ptr<TensorPacker> make_cuda_packer() { refuse(); }
#endif

}  // namespace vramlab
