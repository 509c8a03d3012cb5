#pragma once
// Functions that a kernel calls too, so that both worlds compute the same.

#ifdef __CUDACC__
#define VRAMLAB_HOST_DEVICE __host__ __device__
#else
#define VRAMLAB_HOST_DEVICE
#endif
