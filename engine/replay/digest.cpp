#define XXH_STATIC_LINKING_ONLY  // makes the state's type complete, so that it needs no allocation of its own
#include "engine/replay/digest.h"

#include <fmt/format.h>
#include <xxhash.h>

namespace vramlab {

struct DigestSink::State {
  XXH3_state_t hash;
};

DigestSink::DigestSink() : state_(std::make_unique<State>()) { XXH3_64bits_reset(&state_->hash); }
DigestSink::~DigestSink() = default;

void DigestSink::on_decisions(std::span<const Decision> batch) {
  XXH3_64bits_update(&state_->hash, batch.data(), batch.size_bytes());
}

std::uint64_t DigestSink::value() const { return XXH3_64bits_digest(&state_->hash); }

std::string DigestSink::hex() const { return fmt::format("{:016x}", value()); }

}  // namespace vramlab
