// c10::OutOfMemoryError is made without a header of PyTorch, so that one library serves all its versions: everything
// comes from the library that is loaded, by the names of the Itanium C++ ABI. Each name is checked; the object is given
// far more room than any version needs.

#include "engine/cuda/plugin/torch_error.h"

#include <cxxabi.h>
#include <dlfcn.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <typeinfo>

#include "engine/core/error.h"

namespace vramlab::plugin {
namespace {

/// As c10::SourceLocation, which is passed by value.
struct SourceLocation {
  const char* function;
  const char* file;
  std::uint32_t line;
};

using Construct = void (*)(void* self, SourceLocation where, std::string text);
using Destroy = void (*)(void* self);

struct TorchClass {
  void* type = nullptr;
  void* table = nullptr;
  Construct construct = nullptr;
  Destroy destroy = nullptr;
  bool is_known() const { return type != nullptr && table != nullptr && construct != nullptr && destroy != nullptr; }
};

/// In libraries that are loaded, and what they need.
void* symbol(const char* name) {
  for (const char* library : {"libc10_cuda.so", "libc10.so"}) {
    void* const handle = dlopen(library, RTLD_LAZY | RTLD_NOLOAD);
    void* const found = handle != nullptr ? dlsym(handle, name) : nullptr;
    if (handle != nullptr) dlclose(handle);  // it stays loaded: this was one reference more
    if (found != nullptr) return found;
  }
  return nullptr;
}

TorchClass find_class() {
  TorchClass found;
  found.type = symbol("_ZTIN3c1016OutOfMemoryErrorE");
  found.table = symbol("_ZTVN3c1016OutOfMemoryErrorE");
  found.construct = std::bit_cast<Construct>(
      symbol("_ZN3c105ErrorC2ENS_14SourceLocationENSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE"));
  found.destroy = std::bit_cast<Destroy>(symbol("_ZN3c105ErrorD2Ev"));
  return found;
}

[[noreturn]] void throw_as(const TorchClass& torch_class, const std::string& text) {
  constexpr std::size_t room = 2048;
  void* const object = abi::__cxa_allocate_exception(room);
  std::memset(object, 0, room);
  torch_class.construct(object, {"vramlab_alloc", "vramlab", 0}, text);
  // A derived class that adds nothing differs in its table only; the first two words of a table are not functions.
  const auto functions = std::bit_cast<std::uintptr_t>(torch_class.table) + 2 * sizeof(void*);
  std::memcpy(object, &functions, sizeof functions);
  abi::__cxa_throw(object, static_cast<std::type_info*>(torch_class.type), torch_class.destroy);
}

}  // namespace

void throw_out_of_memory(const std::string& text) {
  static const TorchClass torch_class = find_class();
  if (torch_class.is_known()) throw_as(torch_class, text);
  throw OutOfMemory(text);
}

}  // namespace vramlab::plugin
