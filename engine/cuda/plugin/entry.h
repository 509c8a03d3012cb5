#pragma once
// The C functions of libvramlab_torch.so: PyTorch's pluggable allocator, and what it lacks. Streams are cudaStream_t.
//
// Functions that PyTorch calls throw (it turns std::exception into a Python error); vramlab_free must not, and writes
// to stderr. Functions that the Python module calls never throw. Texts they return are given back by
// vramlab_free_text().

#include <cstddef>

#define VRAMLAB_EXPORT extern "C" __attribute__((visibility("default")))

// --- Called by PyTorch ---------------------------------------------------------------------------------------------

/// Null for 0 bytes. Throws torch.OutOfMemoryError where PyTorch is there, else vramlab::OutOfMemory.
VRAMLAB_EXPORT void* vramlab_alloc(std::size_t bytes, int gpu, void* stream);
VRAMLAB_EXPORT void vramlab_free(void* pointer, std::size_t bytes, int gpu, void* stream);
VRAMLAB_EXPORT void vramlab_record_stream(void* pointer, void* stream);
VRAMLAB_EXPORT void vramlab_init(int gpus);
/// What torch.cuda.empty_cache() calls.
VRAMLAB_EXPORT void vramlab_reset();
VRAMLAB_EXPORT void vramlab_memory_fraction(double fraction, int gpu);
VRAMLAB_EXPORT void* vramlab_base_alloc(void* pointer, std::size_t* bytes);
/// Memory pools, and so CUDA graphs, are refused: memory that a graph has captured must not be used again, and nothing
/// here would keep it. An id is a pair of 64-bit numbers; `filter` is a std::function that is not looked at.
VRAMLAB_EXPORT void vramlab_begin_allocate_to_pool(int gpu, unsigned long long id, unsigned long long more_id,
                                                   void* filter);
VRAMLAB_EXPORT void vramlab_end_allocate_to_pool(int gpu, unsigned long long id, unsigned long long more_id);
VRAMLAB_EXPORT void vramlab_release_pool(int gpu, unsigned long long id, unsigned long long more_id);

// --- Called by the Python module -----------------------------------------------------------------------------------

/// Null where the environment is right, else what is wrong with it.
VRAMLAB_EXPORT char* vramlab_check_environment();
/// JSON as in telling.h; null where nothing was allocated on `gpu`.
VRAMLAB_EXPORT char* vramlab_stats(int gpu);
VRAMLAB_EXPORT char* vramlab_snapshot(int gpu);
/// A table for each GPU used; null where there is none.
VRAMLAB_EXPORT char* vramlab_footprint();
VRAMLAB_EXPORT void vramlab_reset_peaks(int gpu);
/// Ends recordings and the allocator with them: later frees are passed over.
VRAMLAB_EXPORT void vramlab_close();
VRAMLAB_EXPORT void vramlab_free_text(char* text);
