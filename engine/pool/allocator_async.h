#pragma once
// Allocations that a worker serves, one after the other.

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <thread>

#include "engine/core/types.h"

namespace vramlab {

/// THREAD-SAFETY: any thread. The worker begins with the first request.
class AsyncAllocations {
 public:
  using Serve = std::function<Address(Bytes, StreamId)>;

  explicit AsyncAllocations(Serve serve) : serve_(std::move(serve)) {}
  ~AsyncAllocations() { stop(); }

  /// Throws PoolError after stop().
  std::future<Address> submit(Bytes bytes, StreamId stream);
  /// Lets the request in service end; those that wait fail with PoolError. May be called again.
  void stop();

 private:
  struct Request {
    Bytes bytes{};
    StreamId stream{};
    std::promise<Address> promise;
  };

  void work(const std::stop_token& stop);
  void serve(Request& request) const;

  Serve serve_;
  std::mutex mutex_;
  std::condition_variable_any arrived_;
  std::deque<Request> requests_;
  bool stopped_ = false;
  std::jthread worker_;
};

}  // namespace vramlab
