#include "traces/generate_support.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "engine/core/error.h"

namespace vramlab {
namespace {

// Leaves room below 2^32 for the step in progress: no step makes more than 2^28 objects.
constexpr std::uint64_t max_events = 4'000'000'000;

std::uint64_t splitmix64(std::uint64_t& state) {
  std::uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace

Prng::Prng(std::uint64_t seed) {
  for (std::uint64_t& word : state_) word = splitmix64(seed);
}

PartWriter::PartWriter(std::string_view generator, const GenerateRequest& request, const PartSink& each,
                       std::uint16_t streams)
    : generator_(generator), each_(each), wanted_(request.events) {
  if (wanted_ > max_events)
    throw ConfigError(fmt::format("{} events are too many: objects have 32-bit numbers", wanted_), {},
                      fmt::format("ask for at most {}", max_events));
  begin_part();
  for (std::uint16_t stream = 0; stream < streams; ++stream) part_.stream_names.push_back(stream);
}

void PartWriter::op(std::string_view name, Nanoseconds gpu_time, std::span<const std::uint32_t> reads,
                    std::span<const std::uint32_t> writes) {
  Operators& operators = part_.operators;
  operators.name.push_back(intern(name));
  operators.gpu_time.push_back(gpu_time);
  operators.reads.values.insert(operators.reads.values.end(), reads.begin(), reads.end());
  operators.reads.close();
  operators.writes.values.insert(operators.writes.values.end(), writes.begin(), writes.end());
  operators.writes.close();
  event(EventKind::op, next_op_++);
}

void PartWriter::iteration() { event(EventKind::iteration, next_iteration_++); }

void PartWriter::finish() {
  if (handed_over_ == 0 || !part_.kinds.empty()) hand_over();
}

void PartWriter::begin_part() {
  part_ = Trace{};
  part_.name = generator_;
  part_.format = "generated";
  part_.kinds.reserve(part_events);
  part_.subjects.reserve(part_events);
  part_.sizes.reserve(part_events / 2);
  part_.streams.reserve(part_events / 2);
}

void PartWriter::hand_over() {
  handed_over_ += part_.kinds.size();
  each_(std::move(part_));
  begin_part();
}

std::uint32_t PartWriter::intern(std::string_view name) {
  const auto known = names_.find(name);
  if (known != names_.end()) return known->second;
  const auto number = static_cast<std::uint32_t>(names_.size());
  names_.emplace(name, number);
  part_.operators.names.emplace_back(name);
  return number;
}

OptionValues options_of(const GenerateRequest& request, std::string_view generator, std::span<const OptionSpec> table) {
  return request.options != nullptr ? *request.options : OptionValues(fmt::format("generator {}", generator), table);
}

std::uint64_t count_option(const OptionValues& options, std::string_view name) {
  return static_cast<std::uint64_t>(options.integer(name));
}

Bytes size_option(const OptionValues& options, std::string_view name) {
  const Bytes size = options.bytes(name);
  if (size == Bytes(0) || size >= max_object_bytes)
    throw ConfigError(fmt::format("option {}: {} is no size of an object", name, options.text(name)), {},
                      "sizes are from 1 byte to below 256 TiB");
  return size;
}

void require_order(std::string_view low, std::uint64_t low_value, std::string_view high, std::uint64_t high_value) {
  if (low_value > high_value)
    throw ConfigError(fmt::format("option {} ({}) is above option {} ({})", low, low_value, high, high_value), {},
                      fmt::format("lower {} or raise {}", low, high));
}

std::uint64_t product(std::initializer_list<std::uint64_t> factors) {
  constexpr std::uint64_t limit = std::uint64_t{1} << 62;
  std::uint64_t result = 1;
  for (std::uint64_t factor : factors) {
    if (factor != 0 && result > (limit - 1) / factor)
      throw ConfigError("the options lead to a tensor or an operator beyond all bounds", {},
                        "lower the sizes: batch, sequence, image, width or layers");
    result *= factor;
  }
  return result;
}

}  // namespace vramlab
