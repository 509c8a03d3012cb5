// Mixtures that nothing was fitted to, on the device and on the simulated device with the fitted model.

#include <algorithm>
#include <utility>

#include "engine/core/error.h"
#include "sim/probe_parts.h"
#include "sim/simulated_device.h"

namespace vramlab::probe {
namespace {

struct Mixture {
  const char* name;
  Nanoseconds (*run)(Session& session, Bytes most);
};

// The first time unmeasured: a driver may still clear memory that was just taken, which the copies would wait for.
Nanoseconds passed(Session& session, const std::function<void()>& work) {
  work();
  session.settle();
  Stopwatch watch(session.device());
  work();
  return watch.lap();
}

// Segments of sizes between those measured.
Nanoseconds segments(Session& session, Bytes most) {
  constexpr std::uint64_t sizes[] = {6 * mib, 32 * mib, 100 * mib, 2560 * kib, 700 * mib, 12 * mib};
  return session.in_calls([&] {
    std::vector<std::pair<SegmentId, Bytes>> held;
    for (const std::uint64_t size : sizes) {
      if (Bytes(size) > most) continue;
      held.emplace_back(session.take(Tier::device, Bytes(size)), Bytes(size));
    }
    for (const auto& [id, bytes] : held) {
      session.device().synchronize();
      session.device().return_segment(id, Tier::device, bytes);
    }
  });
}

// Batches of pages into one range, unmapped across the batches.
Nanoseconds pages(Session& session, Bytes most) {
  constexpr std::uint32_t batches[] = {7, 1, 40, 3, 12};
  const Bytes page(2 * mib);
  return session.in_calls([&] {
    RunnableDevice& device = session.device();
    const SegmentId range = session.new_segment();
    device.reserve_range(range, most);
    std::uint32_t mapped = 0;
    const PageId first = session.new_pages(0);
    for (const std::uint32_t count : batches) {
      const PageId next = session.new_pages(count);
      if (!device.create_pages(next, count, page) || !device.map_pages(range, page * mapped, next, count, page))
        throw OutOfMemory("the probe got no pages", {}, "end what else uses this GPU's memory");
      mapped += count;
    }
    session.device().synchronize();
    device.unmap_pages(range, Bytes(0), page * mapped);
    device.destroy_pages(first, mapped, page);
    device.release_range(range, most);
  });
}

// What a program does that grows to more than it ever had, then holds it: segments of a pool's usual sizes.
Nanoseconds grow_segments(Session& session, Bytes most) {
  constexpr std::uint64_t sizes[] = {20 * mib, 12 * mib, 64 * mib, 2 * mib, 28 * mib, 96 * mib, 16 * mib, 200 * mib};
  std::vector<std::pair<SegmentId, Bytes>> held;
  Bytes sum{};
  const Nanoseconds time = session.in_calls([&] {
    for (std::size_t i = 0;; ++i) {
      const Bytes bytes(sizes[i % std::size(sizes)]);
      sum += bytes;
      if (sum > most) break;
      held.emplace_back(session.take(Tier::device, bytes), bytes);
    }
  });
  session.settle();
  for (const auto& [id, bytes] : held) session.device().return_segment(id, Tier::device, bytes);
  return time;
}

// The same in pages.
Nanoseconds grow_pages(Session& session, Bytes most) {
  constexpr std::uint32_t batches[] = {6, 1, 13, 2, 48, 4, 8, 98, 1, 26};
  const Bytes page(2 * mib);
  RunnableDevice& device = session.device();
  const SegmentId range = session.new_segment();
  device.reserve_range(range, most);
  const PageId first = session.new_pages(0);
  std::uint32_t pages = 0;
  const Nanoseconds time = session.in_calls([&] {
    for (std::size_t i = 0;; ++i) {
      const std::uint32_t count = batches[i % std::size(batches)];
      if (page * (pages + count) > most) break;
      const PageId next = session.new_pages(count);
      if (!device.create_pages(next, count, page) || !device.map_pages(range, page * pages, next, count, page))
        throw OutOfMemory("the probe got no pages", {}, "end what else uses this GPU's memory");
      pages += count;
    }
  });
  session.settle();
  device.unmap_pages(range, Bytes(0), page * pages);
  device.destroy_pages(first, pages, page);
  device.release_range(range, most);
  return time;
}

// Copies of many sizes, queued both ways at once.
Nanoseconds transfers(Session& session, Bytes most) {
  constexpr std::uint64_t out[] = {3 * mib, 24 * mib, 640 * kib, 96 * mib, 7 * mib};
  constexpr std::uint64_t in[] = {48 * mib, 2 * mib, 11 * mib, 300 * kib, 80 * mib};
  const Bytes half = std::min(most, Bytes(256 * mib)) / 2;
  const Memory near(session, Tier::device, half * 2);
  const Memory far(session, Tier::host, half * 2);
  return passed(session, [&] {
    for (std::size_t i = 0; i < std::size(out); ++i) {
      session.transfer(near.end(), far.end(), Bytes(out[i]));
      session.transfer(far.end(half), near.end(half), Bytes(in[i]));
    }
    session.device().synchronize();
  });
}

// Copies of one size, queued both ways at once.
Nanoseconds equal_transfers(Session& session, Bytes) {
  const Bytes bytes(20 * mib);
  const Memory near(session, Tier::device, bytes * 2);
  const Memory far(session, Tier::host, bytes * 2);
  return passed(session, [&] {
    for (int i = 0; i < 8; ++i) {
      session.transfer(near.end(), far.end(), bytes);
      session.transfer(far.end(bytes), near.end(bytes), bytes);
    }
    session.device().synchronize();
  });
}

// The same copies, one way.
template <bool outwards>
Nanoseconds one_way(Session& session, Bytes) {
  const Bytes bytes(20 * mib);
  const Memory near(session, Tier::device, bytes);
  const Memory far(session, Tier::host, bytes);
  return passed(session, [&] {
    for (int i = 0; i < 8; ++i) session.transfer((outwards ? near : far).end(), (outwards ? far : near).end(), bytes);
    session.device().synchronize();
  });
}

// Operators with what a swapper puts between them: after every 20th, bytes go out; 10 operators later they come back,
// and the operator after that waits for them.
Nanoseconds iteration(Session& session, Bytes) {
  const Bytes swapped(6 * mib);
  const Memory near(session, Tier::device, swapped);
  const Memory far(session, Tier::host, swapped);
  Operators operators(session);
  return passed(session, [&] {
    RunnableDevice& device = session.device();
    TokenId out;
    std::uint32_t random = 1;
    for (int i = 0; i < 400; ++i) {
      random = random * 1664525u + 1013904223u;
      operators.launch(compute, Nanoseconds(3'000 + random / 65536 * 2));  // 3 to 134 us
      if (i % 20 == 0) {
        const TokenId done = session.record(compute);
        out = session.transfer(near.end(), far.end(), swapped, std::span(&done, 1));
      } else if (i % 20 == 10) {
        device.wait(compute, session.transfer(far.end(), near.end(), swapped, std::span(&out, 1)));
      }
    }
    device.synchronize();
  });
}

constexpr Mixture mixtures[] = {{"check: segments", segments},
                                {"check: pages", pages},
                                {"check: transfers out", one_way<true>},
                                {"check: transfers in", one_way<false>},
                                {"check: equal transfers both ways", equal_transfers},
                                {"check: transfers both ways", transfers},
                                {"check: iteration with swaps", iteration}};

// Measured twice: when nothing had ever been taken, and at the end.
constexpr Mixture growths[] = {{"check: segments, growing", grow_segments}, {"check: pages, growing", grow_pages}};

}  // namespace

void probe_first_growth(Probe& probe) {
  for (const Mixture& growth : growths) probe.first_growth.push_back(growth.run(probe.session, probe.most()));
}

void check_prediction(Probe& probe) {
  MachineModel fitted = probe.machine;
  fitted.disk_write = fitted.disk_read = fitted.host_link.out;  // measured later, and not used here
  const std::unique_ptr<RunnableDevice> model = make_simulated_device(fitted);
  Session predicted(*model, {.least = 1, .most = 1});
  for (const Mixture& mixture : mixtures) {
    ProbeRow row{.figure = mixture.name, .held_out = true};
    row.measured = probe.session.median_of([&] { return mixture.run(probe.session, probe.most()); });
    row.predicted = predicted.median_of([&] { return mixture.run(predicted, probe.most()); });
    probe.rows.push_back(row);
  }
  for (std::size_t i = 0; i < std::size(growths); ++i) {
    ProbeRow row{.figure = growths[i].name, .held_out = true};
    row.measured = probe.session.median_of([&] { return growths[i].run(probe.session, probe.most()); });
    row.predicted = growths[i].run(predicted, probe.most());
    probe.rows.push_back(row);
    row.figure += ", the first time";
    row.measured = probe.first_growth[i];
    probe.rows.push_back(row);
  }
}

}  // namespace vramlab::probe
