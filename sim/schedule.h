#pragma once
// Streams, tokens and transfers of a simulated machine in time.
//
// A stream is a timeline: what is put into it starts when the host has put it there and everything before it has
// ended; an operator only the machine's launch gap after that end, and a record takes the machine's record gap. A copy
// that waited for a stream, or a stream for a copy, goes on the machine's handover later. Streams do not slow each
// other. What does not depend on a transfer is known at once, even when it lies in the future; behind a wait for a
// token not yet known, a stream keeps its work until the token is. A transfer whose tokens are complete queues at its
// link: transfers that became ready earlier go first, then those with smaller tokens.
//
// Memory: a token costs a record (see IdTable) from its issue until it is reported.

#include <cstdint>
#include <deque>
#include <functional>
#include <queue>
#include <span>
#include <vector>

#include "engine/core/types.h"
#include "engine/device/device.h"
#include "sim/id_table.h"
#include "sim/links.h"

namespace vramlab {

class Schedule {
 public:
  /// What a transfer brings over its links, and what it takes before and after them: packing and unpacking, which keep
  /// no link busy.
  struct Load {
    Bytes bytes{};
    Nanoseconds lead{};
    Nanoseconds lag{};
    Bytes unpacked{};  ///< as the timeline tells them
  };

  explicit Schedule(const MachineModel& machine)
      : links_(machine),
        launch_queue_(machine.calls.launch_queue),
        launch_gap_(machine.calls.launch_gap),
        launch_floor_(machine.calls.launch_floor),
        record_gap_(machine.calls.record_gap),
        handover_(machine.calls.handover) {}

  // `now` is the host's time and never falls. Unknown and doubled tokens throw DeviceError; nothing has changed then.

  /// Returns when the host may go on: later than `now` where the stream's launch queue was full.
  Nanoseconds launch(StreamId stream, Nanoseconds gpu_time, Nanoseconds now) {
    return put_launch(stream, gpu_time, now, launches_++);
  }
  /// Takes a stream's time as a launch does.
  Nanoseconds clear(StreamId stream, Nanoseconds gpu_time, Nanoseconds now) {
    return put_launch(stream, gpu_time, now, not_a_launch);
  }
  void record(TokenId token, StreamId stream, Nanoseconds now);
  void wait(StreamId stream, TokenId token, Nanoseconds now);
  void transfer(TokenId token, const Route& route, const Load& load, std::span<const TokenId> after, Nanoseconds now);

  /// The next token complete at `now` and not reported yet, in order of completion, then token.
  bool next_completed(Nanoseconds now, TokenId& token, Nanoseconds& duration);
  /// When the token is or will be complete; not before the present where it was reported.
  Nanoseconds completion(TokenId token);
  /// When everything put so far is done.
  Nanoseconds all_done();

  /// See DeviceRun. A span is appended when its end is known, which may be before it.
  void follow_timeline(std::vector<TimelineSpan>* spans) { timeline_ = spans; }

  /// Busy time of all links so far, of copies that ended.
  Nanoseconds link_time() const { return link_time_; }

 private:
  static constexpr std::uint32_t none = ~std::uint32_t{0};
  static constexpr Nanoseconds unknown{-1};
  static constexpr std::uint64_t not_a_launch = ~std::uint64_t{0};

  struct Token {
    Nanoseconds done = unknown;
    Nanoseconds start{};
    std::uint32_t edges = none;  // what waits for it, while it is unknown
    bool of_copy = false;
  };
  struct Edge {
    std::uint32_t next = none;
    bool to_stream = false;
    std::uint32_t target = 0;  // stream, or index in jobs_
  };
  struct Work {
    enum class Kind : std::uint8_t { launch, record, wait };
    Kind kind{};
    TokenId token;
    Nanoseconds gpu_time{};
    Nanoseconds put{};
    std::uint64_t order = not_a_launch;  // of launches
  };
  struct Stream {
    Nanoseconds free_at{};            // when what is known of its work ends
    std::deque<Nanoseconds> running;  // ends of launches that may still be outstanding
    std::deque<Work> behind;          // from the wait for an unknown token on
    std::uint32_t launches_behind = 0;
  };
  struct Job {
    TokenId token;
    Route route;
    Load load;
    std::uint8_t hop = 0;
    std::uint32_t unmet = 0;
    Nanoseconds ready{};
    Nanoseconds start = unknown;
  };
  /// In a heap by time, then token.
  struct Due {
    Nanoseconds time{};
    TokenId token;
    std::uint32_t job = 0;   // of a ready transfer
    Nanoseconds duration{};  // of a completed token
    friend bool operator>(const Due& a, const Due& b) { return a.time != b.time ? a.time > b.time : a.token > b.token; }
  };
  using DueQueue = std::priority_queue<Due, std::vector<Due>, std::greater<>>;

  Stream& stream_of(StreamId id);
  void insert_token(TokenId token, bool of_copy);
  /// Null: complete and reported.
  Token* known_token(TokenId token);
  Nanoseconds seen_by_copy(const Token& token) const {
    return token.done + (token.of_copy ? Nanoseconds(0) : handover_);
  }
  Nanoseconds seen_by_stream(const Token& token) const {
    return token.done + (token.of_copy ? handover_ : Nanoseconds(0));
  }
  void add_edge(Token& token, bool to_stream, std::uint32_t target);
  Nanoseconds start_of_launch(const Stream& stream, Nanoseconds put) const;
  Nanoseconds put_launch(StreamId stream, Nanoseconds gpu_time, Nanoseconds now, std::uint64_t order);
  void tell_launch(std::uint32_t stream, const Work& work, Nanoseconds begin, Nanoseconds end);
  void tell_copy(const Job& job, const FinishedCopy& copy);
  bool carry_out(Stream& stream, std::uint32_t index, const Work& work);
  void put(StreamId id, const Work& work);
  void drain(std::uint32_t stream);
  void complete(TokenId token, Nanoseconds start, Nanoseconds done);
  void settle_completed();
  void make_ready(std::uint32_t job);
  std::uint32_t new_job(const Job& job);
  void finish_hop(const FinishedCopy& copy);
  Nanoseconds next_event() const;
  void step();
  void advance(Nanoseconds to);

  Links links_;
  std::uint32_t launch_queue_;
  Nanoseconds launch_gap_;
  Nanoseconds launch_floor_;
  Nanoseconds record_gap_;
  Nanoseconds handover_;
  std::vector<Stream> streams_;
  IdTable<Token> tokens_;
  std::vector<Edge> edges_;
  std::uint32_t free_edges_ = none;
  std::vector<Job> jobs_;
  std::vector<std::uint32_t> free_jobs_;
  DueQueue ready_;
  DueQueue completed_;
  std::vector<TokenId> settling_;  // complete, their edges not yet followed
  std::vector<FinishedCopy> finished_;
  Nanoseconds latest_{};  // no known end is later
  Nanoseconds link_time_{};
  std::uint64_t launches_ = 0;
  std::vector<TimelineSpan>* timeline_ = nullptr;
};

}  // namespace vramlab
