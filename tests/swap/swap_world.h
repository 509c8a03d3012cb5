#pragma once
// A swapper on a device whose memory is the host's, over a few objects that hold patterns. The world plays the program:
// it keeps the order that programs keep between their streams, and no more.

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <vector>

#include "engine/core/decision.h"
#include "engine/device/port.h"
#include "engine/swap/priority_swapper.h"
#include "engine/swap/stream_order.h"
#include "host_device.h"

namespace vramlab::testing {

/// First fit in one segment; whoever gets memory of another stream waits for it.
class FirstFitPlaces : public Places {
 public:
  FirstFitPlaces(Port& port, Bytes bytes) : port_(port), segment_(port.take_segment(bytes, StreamId(0)).value()) {}

  void add(ObjectId object, Bytes bytes, StreamId stream) { sizes_[object] = {bytes, stream}; }
  void forget(ObjectId object) { sizes_.erase(object); }
  bool placed(ObjectId object) const { return at_.contains(object); }

  Extent extent_of(ObjectId object) const override {
    return {segment_.id, Bytes(at_.at(object)), sizes_.at(object).first};
  }
  void release(ObjectId object) override {
    used_in_.insert(sizes_.at(object).second);
    places_.erase(at_.at(object));
    at_.erase(object);
  }
  bool place(ObjectId object) override {
    const auto [bytes, stream] = sizes_.at(object);
    std::uint64_t begin = 0;
    for (const auto& [offset, end] : places_) {
      if (offset - begin >= bytes.value) break;
      begin = end;
    }
    if (begin + bytes.value > segment_.bytes.value) return false;
    for (const StreamId other : used_in_)
      if (other != stream) port_.wait(stream, port_.record(other));
    places_[begin] = begin + bytes.value;
    at_[object] = begin;
    return true;
  }

 private:
  Port& port_;
  Space segment_;
  std::map<ObjectId, std::pair<Bytes, StreamId>> sizes_;
  std::map<ObjectId, std::uint64_t> at_;
  std::map<std::uint64_t, std::uint64_t> places_;  // offset -> end
  std::set<StreamId> used_in_;
};

struct SwapWorldOptions {
  Bytes memory{1_MiB};
  Bytes limit_host{1_MiB}, limit_disk{1_MiB}, limit_peer{};
  SwapStrategy strategy = SwapStrategy::async;
  bool keep_clean_copies = true;
  CodecFigures codec{};
  bool eager_streams = false;
};

inline SwapMachine linked_machine(const CodecFigures& codec = {}) {
  SwapMachine machine;
  machine.codec = codec;
  for (std::size_t i = 1; i < machine.links.size(); ++i)
    machine.links[i] = {.out = {1_us, 1'000'000'000}, .in = {1_us, 1'000'000'000}};
  return machine;
}

inline SwapperSettings small_settings(const SwapWorldOptions& options) {
  SwapperSettings settings;
  settings.strategy = options.strategy;
  settings.min_swap = Bytes(512);
  settings.max_swap = Bytes(512_KiB);
  settings.capacity = {Bytes(0), options.limit_peer, options.limit_host, options.limit_disk};
  settings.keep_clean_copies = options.keep_clean_copies;
  return settings;
}

/// Every decision of a run, for comparing two.
class AllDecisions : public EventSink {
 public:
  explicit AllDecisions(DecisionLog& log) { log.add_sink(*this); }
  void on_decisions(std::span<const Decision> batch) override { all.insert(all.end(), batch.begin(), batch.end()); }
  std::uint64_t count(DecisionKind kind) const {
    return static_cast<std::uint64_t>(
        std::count_if(all.begin(), all.end(), [&](const Decision& d) { return d.kind == kind; }));
  }
  std::vector<Decision> all;
};

class SwapWorld {
 public:
  struct Object {
    Bytes bytes{};
    StreamId stream{}, writer{};
    std::uint64_t pattern = 0;
    std::set<StreamId> readers{};
  };

  explicit SwapWorld(const SwapWorldOptions& options = {})
      : device({.eager_streams = options.eager_streams}),
        decisions(log),
        port(device, log),
        order(port, log),
        places(port, options.memory),
        machine(linked_machine(options.codec)),
        swapper(port, places, machine, small_settings(options), &order) {}

  /// Filled with a pattern of its own. False: no memory.
  bool allocate(ObjectId object, Bytes bytes, StreamId stream = StreamId(0)) {
    places.add(object, bytes, stream);
    if (!places.place(object)) {
      places.forget(object);
      return false;
    }
    swapper.allocated(object, bytes, stream);
    objects[object] = {.bytes = bytes, .stream = stream, .writer = stream};
    return write(object, stream);
  }
  bool write(ObjectId object, StreamId stream) {
    if (!swapper.use(object, stream, true)) return false;
    Object& is = objects.at(object);
    follow(is.writer, stream);
    for (const StreamId reader : is.readers) follow(reader, stream);
    is.readers.clear();
    is.writer = stream;
    is.pattern = ++patterns;
    device.fill(stream, places.extent_of(object), is.pattern);
    swapper.operator_launched();
    return true;
  }
  bool read(ObjectId object, StreamId stream) {
    if (!swapper.use(object, stream, false)) return false;
    Object& is = objects.at(object);
    follow(is.writer, stream);
    is.readers.insert(stream);
    check(object, stream);
    swapper.operator_launched();
    return true;
  }
  void free(ObjectId object) {
    Object& is = objects.at(object);
    follow(is.writer, is.stream);
    for (const StreamId reader : is.readers) follow(reader, is.stream);
    if (swapper.freed(object)) places.release(object);
    places.forget(object);
    objects.erase(object);
  }
  /// Compares every byte of every object, wherever it is, with what was written last.
  std::optional<Mismatch> mismatch_at_the_end() {
    std::vector<ObjectId> stayed;
    for (auto& [object, is] : objects)
      if (swapper.state(object) == SwapState::resident || swapper.state(object) == SwapState::arriving)
        stayed.push_back(object);
    for (const ObjectId object : stayed) read(object, objects.at(object).stream);
    for (const ObjectId object : stayed) free(object);
    while (swapper.settle_oldest(1_B) != Bytes(0)) {
    }
    swapper.bring_home([&](ObjectId object) { check(object, objects.at(object).stream); });
    swapper.validate();
    return device.first_mismatch();
  }
  void check(ObjectId object, StreamId stream) {
    device.check(stream, places.extent_of(object), objects.at(object).pattern, object.value);
  }
  const std::vector<Decision>& decided() {
    log.flush();
    return decisions.all;
  }
  std::uint64_t count(DecisionKind kind) {
    log.flush();
    return decisions.count(kind);
  }

  HostDevice device;
  DecisionLog log;
  AllDecisions decisions;
  Port port;
  StreamOrder order;
  FirstFitPlaces places;
  SwapMachine machine;
  PrioritySwapper swapper;
  std::map<ObjectId, Object> objects;
  std::uint64_t patterns = 0;

 private:
  void follow(StreamId before, StreamId after) {
    if (before != after) device.order(before, after);
  }
};

}  // namespace vramlab::testing
