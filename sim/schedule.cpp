#include "sim/schedule.h"

#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "engine/core/check.h"
#include "engine/core/error.h"

namespace vramlab {

// --- Tokens --------------------------------------------------------------------------------------------------------

void Schedule::insert_token(TokenId token, bool of_copy) {
  if (token.value < tokens_.end())
    throw DeviceError(fmt::format("token {} was issued before", token.value), {}, "tokens are dense and never reused");
  Token issued;
  issued.of_copy = of_copy;
  tokens_.insert(token.value, issued);
}

Schedule::Token* Schedule::known_token(TokenId token) {
  if (token.value >= tokens_.end())
    throw DeviceError(fmt::format("token {} was never issued", token.value), {}, "wait for tokens of earlier commands");
  return tokens_.find(token.value);
}

void Schedule::add_edge(Token& token, bool to_stream, std::uint32_t target) {
  std::uint32_t edge = free_edges_;
  if (edge == none) {
    edge = static_cast<std::uint32_t>(edges_.size());
    edges_.emplace_back();
  } else {
    free_edges_ = edges_[edge].next;
  }
  edges_[edge] = {token.edges, to_stream, target};
  token.edges = edge;
}

void Schedule::complete(TokenId token, Nanoseconds start, Nanoseconds done) {
  Token& state = *tokens_.find(token.value);
  state.done = done;
  state.start = start;
  latest_ = std::max(latest_, done);
  completed_.push({done, token, 0, done - start});
  if (state.edges != none) settling_.push_back(token);
}

// Follows the edges of completed tokens. A work list, because one stream's records free the next stream's waits.
void Schedule::settle_completed() {
  while (!settling_.empty()) {
    Token& token = *tokens_.find(settling_.back().value);
    settling_.pop_back();
    const Nanoseconds ready = seen_by_copy(token);
    for (std::uint32_t edge = std::exchange(token.edges, none); edge != none;) {
      const Edge followed = edges_[edge];
      edges_[edge].next = std::exchange(free_edges_, edge);
      edge = followed.next;
      if (followed.to_stream) {
        drain(followed.target);
      } else {
        Job& job = jobs_[followed.target];
        job.ready = std::max(job.ready, ready);
        if (--job.unmet == 0) make_ready(followed.target);
      }
    }
  }
}

// --- Streams -------------------------------------------------------------------------------------------------------

Schedule::Stream& Schedule::stream_of(StreamId id) {
  if (id.value >= streams_.size()) streams_.resize(std::size_t{id.value} + 1);
  return streams_[id.value];
}

// A stream that has done nothing yet starts at once.
Nanoseconds Schedule::start_of_launch(const Stream& stream, Nanoseconds put) const {
  return stream.free_at == Nanoseconds(0) ? put : std::max(stream.free_at + launch_gap_, put);
}

// False: the work is a wait for a token that is not known yet.
bool Schedule::carry_out(Stream& stream, std::uint32_t index, const Work& work) {
  const Nanoseconds begin = std::max(stream.free_at, work.put);
  switch (work.kind) {
    case Work::Kind::launch: {
      const Nanoseconds start = start_of_launch(stream, work.put);
      stream.free_at = start + std::max(work.gpu_time, launch_floor_);
      stream.running.push_back(stream.free_at);
      latest_ = std::max(latest_, stream.free_at);
      if (timeline_ != nullptr) tell_launch(index, work, start, stream.free_at);
      return true;
    }
    case Work::Kind::record:
      if (record_gap_ > Nanoseconds(0)) stream.free_at = begin + record_gap_;
      complete(work.token, begin + record_gap_, begin + record_gap_);
      return true;
    case Work::Kind::wait:
      break;
  }
  Token* token = tokens_.find(work.token.value);
  if (token == nullptr) return true;  // reported: complete before now
  if (token->done == unknown) {
    add_edge(*token, true, index);
    return false;
  }
  stream.free_at = std::max(stream.free_at, seen_by_stream(*token));
  return true;
}

void Schedule::put(StreamId id, const Work& work) {
  Stream& stream = stream_of(id);
  if (stream.behind.empty() && carry_out(stream, id.value, work)) return settle_completed();
  stream.behind.push_back(work);
  if (work.kind == Work::Kind::launch) ++stream.launches_behind;
}

// The token that the first work behind waits for is known now.
void Schedule::drain(std::uint32_t index) {
  Stream& stream = streams_[index];
  while (!stream.behind.empty()) {
    const Work work = stream.behind.front();
    if (!carry_out(stream, index, work)) return;
    stream.behind.pop_front();
    if (work.kind == Work::Kind::launch) --stream.launches_behind;
  }
}

Nanoseconds Schedule::put_launch(StreamId id, Nanoseconds gpu_time, Nanoseconds now, std::uint64_t order) {
  Stream& stream = stream_of(id);
  while (!stream.running.empty() && stream.running.front() <= now) stream.running.pop_front();
  if (stream.running.size() + stream.launches_behind >= launch_queue_) {
    while (stream.running.empty()) step();
    now = std::max(now, stream.running.front());
    stream.running.pop_front();
  }
  put(id, {.kind = Work::Kind::launch, .token = {}, .gpu_time = gpu_time, .put = now, .order = order});
  return now;
}

void Schedule::record(TokenId token, StreamId stream, Nanoseconds now) {
  insert_token(token, false);
  put(stream, {.kind = Work::Kind::record, .token = token, .gpu_time = {}, .put = now});
}

void Schedule::wait(StreamId stream, TokenId token, Nanoseconds now) {
  known_token(token);
  put(stream, {.kind = Work::Kind::wait, .token = token, .gpu_time = {}, .put = now});
}

// --- Transfers -----------------------------------------------------------------------------------------------------

std::uint32_t Schedule::new_job(const Job& job) {
  if (free_jobs_.empty()) {
    jobs_.push_back(job);
    return static_cast<std::uint32_t>(jobs_.size() - 1);
  }
  const std::uint32_t index = free_jobs_.back();
  free_jobs_.pop_back();
  jobs_[index] = job;
  return index;
}

void Schedule::make_ready(std::uint32_t job) {
  ready_.push({jobs_[job].ready + jobs_[job].load.lead, jobs_[job].token, job, {}});
}

void Schedule::transfer(TokenId token, const Route& route, const Load& load, std::span<const TokenId> after,
                        Nanoseconds now) {
  for (TokenId earlier : after) known_token(earlier);
  insert_token(token, true);
  const std::uint32_t index = new_job({.token = token, .route = route, .load = load, .ready = now});
  for (TokenId earlier : after) {
    Token* state = tokens_.find(earlier.value);
    if (state == nullptr) continue;
    if (state->done == unknown) {
      add_edge(*state, false, index);
      ++jobs_[index].unmet;
    } else {
      jobs_[index].ready = std::max(jobs_[index].ready, seen_by_copy(*state));
    }
  }
  if (jobs_[index].unmet == 0) make_ready(index);
}

void Schedule::finish_hop(const FinishedCopy& copy) {
  Job& job = jobs_[copy.job];
  link_time_ += copy.end - copy.start;
  if (job.hop == 0) job.start = copy.start;
  if (timeline_ != nullptr) tell_copy(job, copy);
  if (++job.hop < job.route.hops) return links_.enqueue(job.route.lanes[job.hop], copy.job, job.load.bytes, copy.end);
  complete(job.token, job.start, copy.end + job.load.lag);
  free_jobs_.push_back(copy.job);
}

// --- Timeline ------------------------------------------------------------------------------------------------------

void Schedule::tell_launch(std::uint32_t stream, const Work& work, Nanoseconds begin, Nanoseconds end) {
  const bool clear = work.order == not_a_launch;
  timeline_->push_back({.kind = clear ? TimelineSpan::Kind::clear : TimelineSpan::Kind::launch,
                        .begin = begin,
                        .end = end,
                        .stream = StreamId(static_cast<std::uint16_t>(stream)),
                        .order = clear ? 0 : work.order,
                        .from = {},
                        .to = {},
                        .token = {},
                        .bytes = {}});
}

// A transfer over two links is two spans.
void Schedule::tell_copy(const Job& job, const FinishedCopy& copy) {
  const auto [from, to] = ends_of(job.route.lanes[job.hop]);
  timeline_->push_back({.kind = TimelineSpan::Kind::transfer,
                        .begin = copy.start,
                        .end = copy.end,
                        .stream = {},
                        .order = 0,
                        .from = from,
                        .to = to,
                        .token = job.token,
                        .bytes = job.load.unpacked});
}

// --- Time ----------------------------------------------------------------------------------------------------------

Nanoseconds Schedule::next_event() const {
  return ready_.empty() ? links_.next_event() : std::min(links_.next_event(), ready_.top().time);
}

// At equal times copies end before others begin.
void Schedule::step() {
  const Nanoseconds now = next_event();
  VRAMLAB_CHECK(now != never, "a stream waits for a token that nothing completes");
  if (links_.next_event() != now) {
    const Due due = ready_.top();
    ready_.pop();
    const Job& job = jobs_[due.job];
    return links_.enqueue(job.route.lanes[0], due.job, job.load.bytes, now);
  }
  finished_.clear();
  links_.step(finished_);
  for (const FinishedCopy& copy : finished_) finish_hop(copy);
  settle_completed();
}

void Schedule::advance(Nanoseconds to) {
  while (next_event() <= to) step();
}

bool Schedule::next_completed(Nanoseconds now, TokenId& token, Nanoseconds& duration) {
  advance(now);
  if (completed_.empty() || completed_.top().time > now) return false;
  token = completed_.top().token;
  duration = completed_.top().duration;
  completed_.pop();
  tokens_.erase(token.value);
  return true;
}

Nanoseconds Schedule::completion(TokenId token) {
  const Token* state = known_token(token);
  if (state == nullptr) return Nanoseconds(0);
  while (state->done == unknown) step();
  return state->done;
}

Nanoseconds Schedule::all_done() {
  while (next_event() != never) step();
  return latest_;
}

}  // namespace vramlab
