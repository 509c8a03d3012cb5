#pragma once
// Writes pickles as CPython's pickler does, and snapshots out of them.

#include <bit>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace vramlab::test {

struct Py;
using PyItems = std::vector<Py>;
using PyPairs = std::vector<std::pair<Py, Py>>;

/// A Python object. Copies share lists and dictionaries, as Python's names do.
struct Py {
  struct Tuple {
    std::shared_ptr<PyItems> items;
  };
  /// An integer given by its little-endian two's complement bytes.
  struct Long {
    std::string bytes;
  };
  std::variant<std::monostate, bool, std::int64_t, Long, double, std::string, std::shared_ptr<PyItems>,
               std::shared_ptr<PyPairs>, Tuple>
      value;

  Py() = default;
  Py(bool v) : value(v) {}
  Py(int v) : value(std::int64_t{v}) {}
  Py(std::int64_t v) : value(v) {}
  Py(double v) : value(v) {}
  Py(const char* v) : value(std::string(v)) {}
  Py(std::string v) : value(std::move(v)) {}
  Py(Long v) : value(std::move(v)) {}
  /// Up to 2^64 - 1.
  static Py wide(std::uint64_t v) {
    if (v >> 63 == 0) return Py(static_cast<std::int64_t>(v));
    std::string bytes(9, '\0');
    std::memcpy(bytes.data(), &v, 8);
    return Py(Long{bytes});
  }
  static Py list(PyItems items = {}) { return of(std::make_shared<PyItems>(std::move(items))); }
  static Py dict(PyPairs pairs = {}) { return of(std::make_shared<PyPairs>(std::move(pairs))); }
  static Py tuple(PyItems items) {
    Py py;
    py.value = Tuple{std::make_shared<PyItems>(std::move(items))};
    return py;
  }

  PyItems& items() const { return *std::get<std::shared_ptr<PyItems>>(value); }
  PyPairs& pairs() const { return *std::get<std::shared_ptr<PyPairs>>(value); }
  /// A dictionary with one pair replaced or added.
  Py with(const char* key, Py replacement) const {
    PyPairs copy = pairs();
    for (auto& [k, v] : copy)
      if (std::get<std::string>(k.value) == key) return v = std::move(replacement), dict(std::move(copy));
    copy.emplace_back(key, std::move(replacement));
    return dict(std::move(copy));
  }
  Py without(const char* key) const {
    PyPairs copy = pairs();
    std::erase_if(copy, [key](const auto& pair) { return std::get<std::string>(pair.first.value) == key; });
    return dict(std::move(copy));
  }

 private:
  template <class T>
  static Py of(std::shared_ptr<T> v) {
    Py py;
    py.value = std::move(v);
    return py;
  }
};

/// The opcodes CPython writes in protocols 2 to 5: equal texts and shared containers by the memo, batches of 1000.
class PickleWriter {
 public:
  explicit PickleWriter(int protocol) : protocol_(protocol) {}

  std::string write(const Py& py) {
    out_ = {'\x80', static_cast<char>(protocol_)};
    if (protocol_ >= 4) out_ += '\x95', out_.append(8, '\0');
    put(py);
    out_ += '.';
    const std::uint64_t frame = out_.size() - 11;
    if (protocol_ >= 4) std::memcpy(out_.data() + 3, &frame, 8);
    return out_;
  }

 private:
  static constexpr std::size_t batch = 1000;

  template <class T>
  void number(T v) {
    char bytes[sizeof(T)];
    std::memcpy(bytes, &v, sizeof(T));
    out_.append(bytes, sizeof(T));
  }
  void op(char code) { out_ += code; }

  void put(const Py& py) {
    std::visit([this](const auto& v) { put_value(v); }, py.value);
  }
  void put_value(std::monostate) { op('N'); }
  void put_value(bool v) { op(v ? '\x88' : '\x89'); }
  void put_value(double v) {
    op('G');
    number(__builtin_bswap64(std::bit_cast<std::uint64_t>(v)));
  }
  void put_value(std::int64_t v) {
    if (v >= 0 && v < 256) return op('K'), number(static_cast<std::uint8_t>(v));
    if (v >= 0 && v < 65536) return op('M'), number(static_cast<std::uint16_t>(v));
    if (v == static_cast<std::int32_t>(v)) return op('J'), number(static_cast<std::int32_t>(v));
    std::string bytes(8, '\0');
    std::memcpy(bytes.data(), &v, 8);
    while (bytes.size() > 1 && redundant(bytes)) bytes.pop_back();
    put_value(Py::Long{bytes});
  }
  static bool redundant(const std::string& bytes) {
    const bool negative = (bytes[bytes.size() - 2] & 0x80) != 0;
    return bytes.back() == (negative ? '\xff' : '\0');
  }
  void put_value(const Py::Long& v) {
    op('\x8a');
    number(static_cast<std::uint8_t>(v.bytes.size()));
    out_ += v.bytes;
  }
  void put_value(const std::string& v) {
    const auto [it, fresh] = texts_.try_emplace(v, stored_);
    if (!fresh) return get(it->second);
    if (protocol_ >= 4 && v.size() < 256) {
      op('\x8c');
      number(static_cast<std::uint8_t>(v.size()));
    } else {
      op('X');
      number(static_cast<std::uint32_t>(v.size()));
    }
    out_ += v;
    store();
  }
  void put_value(const std::shared_ptr<PyItems>& v) {
    if (!begin(']', v.get())) return;
    for (std::size_t i = 0; i < v->size(); i += batch) {
      const std::size_t end = std::min(v->size(), i + batch);
      if (end - i > 1) op('(');
      for (std::size_t k = i; k < end; ++k) put((*v)[k]);
      op(end - i > 1 ? 'e' : 'a');
    }
  }
  void put_value(const std::shared_ptr<PyPairs>& v) {
    if (!begin('}', v.get())) return;
    for (std::size_t i = 0; i < v->size(); i += batch) {
      const std::size_t end = std::min(v->size(), i + batch);
      if (end - i > 1) op('(');
      for (std::size_t k = i; k < end; ++k) put((*v)[k].first), put((*v)[k].second);
      op(end - i > 1 ? 'u' : 's');
    }
  }
  void put_value(const Py::Tuple& v) {
    const std::size_t n = v.items->size();
    if (n == 0) return op(')');
    if (n > 3) op('(');
    for (const Py& item : *v.items) put(item);
    op(n > 3 ? 't' : static_cast<char>(0x84 + n));
    store();
  }

  bool begin(char code, const void* container) {
    const auto [it, fresh] = containers_.try_emplace(container, stored_);
    if (!fresh) return get(it->second), false;
    op(code);
    store();
    return true;
  }
  void store() {
    if (protocol_ >= 4)
      op('\x94');
    else
      memo('q', 'r', stored_);
    ++stored_;
  }
  void get(std::uint32_t index) { memo('h', 'j', index); }
  void memo(char short_code, char long_code, std::uint32_t index) {
    if (index < 256) return op(short_code), number(static_cast<std::uint8_t>(index));
    op(long_code);
    number(index);
  }

  int protocol_;
  std::string out_;
  std::uint32_t stored_ = 0;
  std::map<std::string, std::uint32_t> texts_;
  std::map<const void*, std::uint32_t> containers_;
};

inline std::string pickled(const Py& py, int protocol = 4) { return PickleWriter(protocol).write(py); }

/// A trace entry as PyTorch 2.11 writes it; `time_us` counts from its first.
inline Py entry(const char* action, std::uint64_t address, std::int64_t size, std::int64_t stream = 0,
                std::int64_t time_us = 0) {
  return Py::dict({{"action", action},
                   {std::string_view(action) == "oom" ? "device_free" : "addr", Py::wide(address)},
                   {"size", size},
                   {"stream", stream},
                   {"time_us", time_us},
                   {"compile_context", "N/A"},
                   {"user_metadata", ""}});
}

inline Py end_block(std::uint64_t address, std::int64_t size, std::int64_t requested, const char* state) {
  return Py::dict({{"address", Py::wide(address)},
                   {"size", size},
                   {"requested_size", requested},
                   {"state", state},
                   {"frames", Py::list()}});
}

inline Py end_segment(std::int64_t device, std::uint64_t address, std::int64_t size, PyItems blocks,
                      std::int64_t stream = 0, bool expandable = false) {
  return Py::dict({{"device", device},
                   {"address", Py::wide(address)},
                   {"total_size", size},
                   {"stream", stream},
                   {"segment_type", "large"},
                   {"segment_pool_id", Py::tuple({0, 0})},
                   {"is_expandable", expandable},
                   {"frames", Py::list()},
                   {"blocks", Py::list(std::move(blocks))}});
}

inline Py default_settings() {
  PyPairs divisions;
  for (int mib = 1; mib <= 32768; mib *= 2) divisions.emplace_back(std::to_string(mib), 0);
  return Py::dict({{"PYTORCH_CUDA_ALLOC_CONF", ""},
                   {"max_split_size", -1},
                   {"garbage_collection_threshold", 0.0},
                   {"expandable_segments", false},
                   {"roundup_power2_divisions", Py::dict(divisions)}});
}

/// `histories`: a list of entries for each device.
inline Py snapshot_of(std::vector<PyItems> histories, PyItems segments = {}, Py settings = default_settings()) {
  PyItems devices;
  for (PyItems& history : histories) devices.push_back(Py::list(std::move(history)));
  return Py::dict({{"segments", Py::list(std::move(segments))},
                   {"device_traces", Py::list(std::move(devices))},
                   {"allocator_settings", std::move(settings)},
                   {"external_annotations", Py::list()}});
}

}  // namespace vramlab::test
