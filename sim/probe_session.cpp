#include "sim/probe_session.h"

#include <fmt/format.h>

#include "engine/core/error.h"
#include "engine/core/option.h"
#include "sim/fit.h"

namespace vramlab::probe {

PageId Session::new_pages(std::uint32_t count) {
  const PageId first(pages_);
  pages_ += count;
  return first;
}

SegmentId Session::take(Tier tier, Bytes bytes) {
  const SegmentId id = new_segment();
  if (!device_.take_segment(id, tier, bytes, StreamId(0)))
    throw OutOfMemory(fmt::format("the probe got no segment of {}", format_bytes(bytes)), {},
                      "end what else uses this machine's memory, or probe with --quick");
  return id;
}

TokenId Session::record(StreamId stream) {
  const TokenId token = new_token();
  device_.record(token, stream);
  return token;
}

TokenId Session::transfer(const TransferEnd& from, const TransferEnd& to, Bytes bytes, std::span<const TokenId> after) {
  const TokenId token = new_token();
  device_.transfer(token, {from, to, bytes}, after);
  return token;
}

void Session::settle() {
  device_.synchronize();
  durations_.resize(tokens_);
  TokenId token;
  Nanoseconds duration;
  while (device_.next_completed(token, duration)) durations_[token.value] = duration;
}

Nanoseconds Session::in_calls(const std::function<void()>& work) {
  const Nanoseconds before = device_.counters().call_time;
  work();
  return device_.counters().call_time - before;
}

void Session::repeat(const std::function<void(int)>& once) {
  once(0);
  const Nanoseconds begin = device_.now();
  for (int i = 0; i < rounds_.most && (i < rounds_.least || device_.now() - begin < rounds_.budget); ++i) once(i + 1);
}

std::vector<Nanoseconds> Session::medians_of(const std::function<std::vector<Nanoseconds>()>& once) {
  std::vector<std::vector<Nanoseconds>> columns;
  repeat([&](int round) {
    const std::vector<Nanoseconds> figures = once();
    columns.resize(figures.size());
    for (std::size_t column = 0; round != 0 && column < figures.size(); ++column)
      columns[column].push_back(figures[column]);
  });
  std::vector<Nanoseconds> medians;
  for (std::vector<Nanoseconds>& column : columns) medians.push_back(median(std::move(column)));
  return medians;
}

Nanoseconds Session::median_of(const std::function<Nanoseconds()>& once) {
  return medians_of([&] { return std::vector<Nanoseconds>{once()}; }).front();
}

}  // namespace vramlab::probe
