#include "engine/pool/allocator_async.h"

#include <utility>

#include "engine/core/error.h"

namespace vramlab {
namespace {

PoolError shut_down() {
  return PoolError("asynchronous allocation after the allocator was shut down", {},
                   "wait for all futures before the shutdown");
}

}  // namespace

std::future<Address> AsyncAllocations::submit(Bytes bytes, StreamId stream) {
  const std::lock_guard guard(mutex_);
  if (stopped_) throw shut_down();
  if (!worker_.joinable()) worker_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
  requests_.push_back({bytes, stream, {}});
  arrived_.notify_one();
  return requests_.back().promise.get_future();
}

void AsyncAllocations::work(const std::stop_token& stop) {
  std::unique_lock guard(mutex_);
  while (arrived_.wait(guard, stop, [this] { return !requests_.empty(); }) && !stop.stop_requested()) {
    Request request = std::move(requests_.front());
    requests_.pop_front();
    guard.unlock();
    serve(request);
    guard.lock();
  }
}

void AsyncAllocations::serve(Request& request) const {
  try {
    request.promise.set_value(serve_(request.bytes, request.stream));
  } catch (...) {
    request.promise.set_exception(std::current_exception());
  }
}

void AsyncAllocations::stop() {
  std::deque<Request> left;
  std::jthread worker;
  {
    const std::lock_guard guard(mutex_);
    stopped_ = true;
    left.swap(requests_);
    worker = std::move(worker_);
  }
  if (worker.joinable()) {
    worker.request_stop();
    worker.join();
  }
  for (Request& request : left) request.promise.set_exception(std::make_exception_ptr(shut_down()));
}

}  // namespace vramlab
