#include "engine/cuda/tokens.h"

#include <fmt/format.h>

#include <cmath>

#include "engine/core/error.h"
#include "engine/cuda/cuda_check.h"

namespace vramlab {
namespace {

float milliseconds_between(cudaEvent_t start, cudaEvent_t end) {
  float milliseconds = 0;
  VRAMLAB_CUDA_CHECK(cudaEventElapsedTime(&milliseconds, start, end));
  return milliseconds;
}

}  // namespace

EventPool::~EventPool() {
  for (const cudaEvent_t event : all_) static_cast<void>(cudaEventDestroy(event));
}

cudaEvent_t EventPool::take(bool timed) {
  std::vector<cudaEvent_t>& free = timed ? free_timed_ : free_;
  if (free.empty()) {
    all_.reserve(all_.size() + 1);
    free.reserve(all_.size() + 1);  // so that give_back never fails
    cudaEvent_t event = nullptr;
    VRAMLAB_CUDA_CHECK(cudaEventCreateWithFlags(&event, timed ? cudaEventDefault : cudaEventDisableTiming));
    all_.push_back(event);
    return event;
  }
  const cudaEvent_t event = free.back();
  free.pop_back();
  return event;
}

void Tokens::check_new(TokenId token) const {
  if (!token.valid() || token.value < first_ + entries_.size())
    throw DeviceError(fmt::format("token {} was issued before, or is out of order", token.value));
}

void Tokens::add(TokenId token, std::uint32_t lane, cudaEvent_t start, cudaEvent_t end) {
  check_new(token);
  entries_.resize(token.value - first_ + std::size_t{1});  // numbers left out count as reported
  entries_.back() = {.start = start, .end = end, .lane = lane};
  if (lane >= lanes_.size()) lanes_.resize(lane + std::size_t{1});
  if (lanes_[lane].waiting.empty()) active_.push_back(lane);
  lanes_[lane].waiting.push_back(token.value);
}

cudaEvent_t Tokens::event_of(TokenId token) const {
  if (!token.valid() || token.value >= first_ + entries_.size())
    throw DeviceError(fmt::format("token {} was not issued", token.value));
  return token.value < first_ ? nullptr : entry(token.value).end;
}

bool Tokens::head_complete(Lane& lane) {
  if (lane.head_complete) return true;
  const cudaError_t answer = cudaEventQuery(entry(lane.waiting.front()).end);
  if (answer == cudaErrorNotReady) {
    static_cast<void>(cudaGetLastError());  // not a failure, but kept as the last error
    return false;
  }
  VRAMLAB_CUDA_CHECK_WITH(answer, "cudaEventQuery: work before token " + std::to_string(lane.waiting.front()));
  lane.head_complete = true;
  return true;
}

bool Tokens::before(std::uint32_t a, std::uint32_t b) const {
  if (entry(a).start == nullptr || entry(b).start == nullptr) return a < b;
  const float between = milliseconds_between(entry(a).end, entry(b).end);
  return between != 0 ? between > 0 : a < b;
}

void Tokens::settle(Entry& entry) {
  if (entry.settled || entry.start == nullptr) return;
  entry.duration = Nanoseconds(std::llround(double{milliseconds_between(entry.start, entry.end)} * 1e6));
  entry.settled = true;
  transfer_time_ += entry.duration;
}

bool Tokens::next_completed(TokenId& token, Nanoseconds& duration) {
  std::size_t best = active_.size();
  for (std::size_t i = 0; i < active_.size(); ++i) {
    Lane& lane = lanes_[active_[i]];
    if (!head_complete(lane)) continue;
    if (best == active_.size() || before(lane.waiting.front(), lanes_[active_[best]].waiting.front())) best = i;
  }
  if (best == active_.size()) return false;
  report(best, token, duration);
  return true;
}

void Tokens::report(std::size_t active, TokenId& token, Nanoseconds& duration) {
  Lane& lane = lanes_[active_[active]];
  Entry& done = entry(lane.waiting.front());
  settle(done);
  token = TokenId(lane.waiting.front());
  duration = done.duration;
  const bool timed = done.start != nullptr;
  events_.give_back(done.end, timed);
  if (timed) events_.give_back(done.start, timed);
  done = Entry{};
  lane.waiting.pop_front();
  lane.head_complete = false;
  if (lane.waiting.empty()) {
    active_[active] = active_.back();
    active_.pop_back();
  }
  while (!entries_.empty() && entries_.front().end == nullptr) {
    entries_.pop_front();
    ++first_;
  }
}

void Tokens::settle() {
  for (const std::uint32_t lane : active_)
    for (const std::uint32_t token : lanes_[lane].waiting) settle(entry(token));
}

}  // namespace vramlab
