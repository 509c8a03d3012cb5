#include "engine/core/check.h"
#include "engine/pool/vmm_pool.h"

namespace vramlab::vmm {

void VmmPool::limit_views() {
  while (views_.count() > settings_.view_cache) {
    const ViewIndex v = views_.retire_oldest();
    if (v == no_view) return;
    start({.waiting = {}, .pages = {}, .addresses = {}, .views = {v}});
  }
}

// Idle pages go once all streams are done with what they do now; so do the views over them.
void VmmPool::empty_cache() {
  home_.return_small_pages();
  Retirement retirement;
  retirement.pages = home_.take_idle_pages([this](std::uint64_t p) { return !views_.pins(p); });
  if (retirement.pages.empty()) return;
  std::vector<HomePiece> runs;
  for (NodeIndex n : retirement.pages) runs.push_back({home_.graph()[n].address, home_.graph()[n].size});
  std::vector<bool> leaving;
  mark_pages(runs, leaving);
  retirement.views = views_.retire_over([&](std::uint64_t p) { return p < leaving.size() && leaving[p]; });
  start(std::move(retirement));
}

void VmmPool::start(Retirement retirement) {
  // Later retirements complete later: who waits for the same streams is served in order.
  for (StreamId stream : seen_.all()) retirement.waiting.push_back(port_.record(stream));
  if (retirement.waiting.empty()) return carry_out(retirement);
  retiring_.push_back(std::move(retirement));
}

void VmmPool::completed(TokenId token) {
  for (std::size_t i = 0; i < retiring_.size(); ++i) {
    if (std::erase(retiring_[i].waiting, token) == 0) continue;
    if (!retiring_[i].waiting.empty()) return;
    const Retirement done = std::move(retiring_[i]);
    retiring_.erase(retiring_.begin() + static_cast<std::ptrdiff_t>(i));
    return carry_out(done);
  }
}

void VmmPool::carry_out(const Retirement& retirement) {
  for (ViewIndex v : retirement.views) views_.discard(v);
  for (NodeIndex n : retirement.addresses) home_.forget_addresses(n);
  for (NodeIndex n : retirement.pages) {
    fence_.forget(home_.graph()[n].address, home_.graph()[n].size);
    home_.destroy(n);
  }
}

// Pages on their way out that are needed again. Their views go on leaving.
bool VmmPool::call_back_retired() {
  bool any = false;
  for (Retirement& retirement : retiring_) {
    for (NodeIndex n : retirement.pages) home_.give_back(n);
    any |= !retirement.pages.empty();
    retirement.pages.clear();
  }
  return any;
}

void VmmPool::validate() const {
  const Bytes held = home_.validate();
  Bytes live{}, retiring{};
  for (NodeIndex n : live_.table()) {
    if (n == no_node) continue;
    live += Bytes((n & view_bit) != 0 ? views_[n & ~view_bit].used : home_.graph()[n].size);
  }
  for (const Retirement& retirement : retiring_)
    for (NodeIndex n : retirement.pages) retiring += Bytes(home_.graph()[n].size);
  VRAMLAB_CHECK(live == stats_.allocated, "live bytes are counted wrongly");
  VRAMLAB_CHECK(held == live + retiring, "blocks live at home and objects differ");
  VRAMLAB_CHECK(Bytes(home_.free_bytes()) + held == port_.reserved(), "pages held and bytes reserved differ");
}

}  // namespace vramlab::vmm
