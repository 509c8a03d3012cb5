// What moves bytes: links one way and both ways at once, copies inside the device, the disk. Links do not look at what
// they carry.

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <string>

#include "sim/fit.h"
#include "sim/probe_parts.h"

namespace vramlab::probe {
namespace {

Nanoseconds copy_time(Session& session, const TransferEnd& from, const TransferEnd& to, Bytes bytes) {
  const TokenId token = session.transfer(from, to, bytes);
  session.settle();
  return session.duration(token);
}

// One direction over sizes, each copy alone.
LinkDirection probe_direction(Probe& probe, const std::string& figure, const Memory& from, const Memory& to,
                              std::span<const std::uint64_t> sizes) {
  std::vector<LinkSample> samples;
  for (const std::uint64_t size : sizes) {
    const Bytes bytes(size);
    if (bytes > std::min(from.bytes(), to.bytes())) continue;
    samples.push_back(
        {bytes, probe.session.median_of([&] { return copy_time(probe.session, from.end(), to.end(), bytes); })});
  }
  const LinkDirection link = fit_link(samples);
  for (const LinkSample& sample : samples)
    probe.rows.push_back({figure, sample.bytes, 1, sample.time, link_time(link, sample.bytes), false});
  return link;
}

// Two ends, both ways at once: from `near` to `far`, and back between other memory of theirs.
DuplexSample probe_both(Session& session, const Memory& near, const Memory& far, Bytes bytes) {
  const Bytes half = near.bytes() / 2;
  const std::vector<Nanoseconds> times = session.medians_of([&] {
    const TokenId out = session.transfer(near.end(), far.end(), bytes);
    const TokenId in = session.transfer(far.end(half), near.end(half), bytes);
    session.settle();
    return std::vector<Nanoseconds>{session.duration(out), session.duration(in)};
  });
  return {bytes, times[0], times[1]};
}

// What the model says of copies both ways that began together.
Nanoseconds both_time(const LinkModel& link, Bytes bytes) {
  const auto moving = static_cast<double>(2 * bytes.value) / static_cast<double>(link.duplex_bytes_per_second);
  return std::max(link.out.latency, link.in.latency) + Nanoseconds(std::llround(moving * 1e9));
}

// Fitted to the largest, which says the least of how the two began; smaller ones are shown beside it.
void probe_duplex(Probe& probe, const std::string& figure, LinkModel& link, const Memory& near, const Memory& far) {
  std::vector<DuplexSample> samples;
  for (const std::uint64_t size : {4 * mib, 32 * mib, 96 * mib})
    if (Bytes(size) * 2 < near.bytes()) samples.push_back(probe_both(probe.session, near, far, Bytes(size)));
  samples.push_back(probe_both(probe.session, near, far, near.bytes() / 2));
  link.duplex_bytes_per_second = fit_duplex(link.out, link.in, samples.back());
  for (const DuplexSample& sample : samples)
    probe.rows.push_back(
        {figure, sample.bytes, 2, std::max(sample.out, sample.in), both_time(link, sample.bytes), false});
}

constexpr std::uint64_t link_sizes[] = {4 * kib,  64 * kib, 256 * kib, 1 * mib, 4 * mib,
                                        16 * mib, 64 * mib, 256 * mib, 1 * gib};

// Between the device and a file of its own: what the disk takes beyond the host link, which the bytes pass before or
// after.
LinkDirection probe_disk_direction(Probe& probe, const std::string& figure, const Memory& from, const Memory& to,
                                   const LinkDirection& link) {
  constexpr std::uint64_t sizes[] = {1 * mib, 16 * mib, 64 * mib, 256 * mib};
  std::vector<LinkSample> whole, disk;
  for (const std::uint64_t size : sizes) {
    const Bytes bytes(size);
    if (bytes > std::min(from.bytes(), to.bytes())) continue;
    whole.push_back(
        {bytes, probe.session.median_of([&] { return copy_time(probe.session, from.end(), to.end(), bytes); })});
    disk.push_back({bytes, whole.back().time - link_time(link, bytes)});
  }
  const LinkDirection fitted = fit_link(disk);
  for (const LinkSample& sample : whole)
    probe.rows.push_back(
        {figure, sample.bytes, 1, sample.time, link_time(link, sample.bytes) + link_time(fitted, sample.bytes), false});
  return fitted;
}

Bytes largest(const Probe& probe) { return std::min(probe.most(), Bytes(gib)); }

void probe_link(Probe& probe, const std::string& name, Tier tier, LinkModel& link) {
  const Memory near(probe.session, Tier::device, largest(probe));
  const Memory far(probe.session, tier, largest(probe));
  link.out = probe_direction(probe, name + ".out", near, far, link_sizes);
  link.in = probe_direction(probe, name + ".in", far, near, link_sizes);
  probe_duplex(probe, name + ".duplex", link, near, far);
}

}  // namespace

void probe_host_link(Probe& probe) { probe_link(probe, "host_link", Tier::host, probe.machine.host_link); }
void probe_peer_link(Probe& probe) { probe_link(probe, "peer_link", Tier::peer, probe.machine.peer_link); }

void probe_device_copy(Probe& probe) {
  const Memory from(probe.session, Tier::device, largest(probe));
  const Memory to(probe.session, Tier::device, largest(probe));
  probe.machine.device_copy = probe_direction(probe, "device_copy", from, to, link_sizes);
}

void probe_disk(Probe& probe) {
  const Bytes bytes(probe.options.quick ? 64 * mib : 256 * mib);
  const Memory memory(probe.session, Tier::device, bytes);
  const Memory file(probe.session, Tier::disk, bytes);
  // Zeros might cost a disk nothing.
  if (Contents* contents = probe.session.device().contents()) {
    contents->fill(compute, {memory.id(), Bytes(0), memory.bytes()}, 1);
    probe.session.settle();
  }
  MachineModel& machine = probe.machine;
  machine.disk_write = probe_disk_direction(probe, "disk.write", memory, file, machine.host_link.out);
  machine.disk_read = probe_disk_direction(probe, "disk.read", file, memory, machine.host_link.in);
}

}  // namespace vramlab::probe
