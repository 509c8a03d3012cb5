#include "engine/pool/tier_memory.h"

#include <algorithm>
#include <tuple>

#include "engine/core/check.h"

namespace vramlab {

/// Which pages come where. `ids[i]` comes to page `to[i]` of the growing tier.
struct TierMemory::Plan {
  TierSpace* tier = nullptr;
  std::vector<PageSpan> spans;
  std::vector<Source> sources;
  std::vector<std::uint64_t> to;
  std::vector<PageId> ids;
  std::size_t moved = 0;   ///< the first so many are aliases
  std::size_t mapped = 0;  ///< the first so many are mapped
};

TierMemory::TierMemory(Port& port, std::size_t tiers, Bytes range_bytes, std::uint32_t scan)
    : port_(port), fence_(port) {
  tiers_.reserve(tiers);
  for (std::size_t i = 0; i < tiers; ++i) tiers_.emplace_back(graph_, static_cast<std::uint32_t>(i), range_bytes, scan);
}

void TierMemory::see_another(StreamId stream) {
  last_stream_ = stream;
  if (std::find(streams_.begin(), streams_.end(), stream) == streams_.end()) streams_.push_back(stream);
}

std::vector<TokenId> TierMemory::record_all() {
  std::vector<TokenId> tokens;
  for (StreamId stream : streams_) tokens.push_back(port_.record(stream));
  return tokens;
}

// --- Growth ----------------------------------------------------------------------------------------------------------

TierMemory::Grown TierMemory::grow(const Demand& demand) {
  TierSpace& to = tiers_[demand.tier];
  if (!to.reserve(port_)) return {};
  TierSpace::Growth growth = to.growth_for(demand.size);
  if (!growth.possible()) return {};
  const std::uint64_t needed = growth.pages;
  if (demand.extra > 0 && demand.fresh > growth.pages)
    growth = to.extended(growth, std::min(demand.extra, demand.fresh - growth.pages));
  Plan plan{.tier = &to, .spans = to.missing(growth), .sources = sources_for(demand, growth), .to = {}, .ids = {}};
  for (const PageSpan& span : plan.spans)
    for (std::uint64_t p = span.first; p < span.end(); ++p) plan.to.push_back(p);
  for (const Source& source : plan.sources)
    for (std::uint64_t p = source.pages.first; p < source.pages.end(); ++p)
      plan.ids.push_back(tiers_[source.tier].page_at(p));
  plan.moved = plan.ids.size();
  if (!create(plan)) return {};
  if (!map(plan)) {
    undo(plan);
    return {};
  }
  commit(plan);
  return {.done = true, .created = plan.ids.size() - plan.moved, .moved = plan.moved, .extra = growth.pages - needed};
}

// The largest first: what is left of the others is of most use to their tier. Blocks that the growth itself joins are
// no source for it.
std::vector<TierMemory::Source> TierMemory::sources_for(const Demand& demand, const TierSpace::Growth& growth) const {
  if (!demand.move || growth.pages <= demand.fresh) return {};
  std::vector<Source> sources;
  for (std::size_t t = 0; t < tiers_.size(); ++t)
    tiers_[t].for_each_idle([&](NodeIndex n, const PageSpan& pages) {
      const BlockNode& node = graph_[n];
      const bool joined = t == demand.tier && node.address < growth.end && growth.begin < node.address + node.size;
      if (!joined) sources.push_back({t, pages});
    });
  std::sort(sources.begin(), sources.end(), [](const Source& a, const Source& b) {
    return std::tuple(b.pages.count, a.tier, a.pages.first) < std::tuple(a.pages.count, b.tier, b.pages.first);
  });
  std::uint64_t wanted = growth.pages - std::min(growth.pages, demand.fresh);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (wanted == 0) {
      sources.resize(i);
      break;
    }
    PageSpan& pages = sources[i].pages;
    const std::uint64_t taken = std::min(wanted, pages.count);
    pages = {pages.end() - taken, taken};
    wanted -= taken;
  }
  return sources;
}

bool TierMemory::create(Plan& plan) {
  if (plan.ids.size() == plan.to.size()) return true;
  const auto count = static_cast<std::uint32_t>(plan.to.size() - plan.ids.size());
  const std::optional<PageId> first = port_.create_pages(count, TierSpace::page);
  if (!first) return false;
  for (std::uint32_t i = 0; i < count; ++i) plan.ids.emplace_back(first->value + i);
  fence_.forget(*first, count);
  return true;
}

// A command for each run of pages that are neighbours by number and by address.
bool TierMemory::map(Plan& plan) {
  const Space& space = plan.tier->space();
  while (plan.mapped < plan.to.size()) {
    const std::size_t begin = plan.mapped;
    const bool alias = begin < plan.moved;
    std::size_t end = begin + 1;
    while (end < (alias ? plan.moved : plan.to.size()) && plan.to[end] == plan.to[end - 1] + 1 &&
           plan.ids[end].value == plan.ids[end - 1].value + 1)
      ++end;
    const Bytes offset = TierSpace::page * plan.to[begin];
    const auto count = static_cast<std::uint32_t>(end - begin);
    if (!(alias ? port_.alias_pages(space, offset, plan.ids[begin], count, TierSpace::page)
                : port_.map_pages(space, offset, plan.ids[begin], count, TierSpace::page)))
      return false;
    plan.mapped = end;
  }
  return true;
}

// Nobody has used the new mappings: they can go at once.
void TierMemory::undo(const Plan& plan) {
  for (std::size_t i = 0; i < plan.mapped; ++i)
    port_.unmap_pages(plan.tier->space(), TierSpace::page * plan.to[i], TierSpace::page);
  if (plan.ids.size() > plan.moved)
    port_.destroy_pages(plan.ids[plan.moved], static_cast<std::uint32_t>(plan.ids.size() - plan.moved),
                        TierSpace::page);
}

void TierMemory::commit(const Plan& plan) {
  for (const Source& source : plan.sources)
    next_.push_back({.tier = source.tier, .node = tiers_[source.tier].carve(source.pages), .destroy = false});
  pages_moved_ += plan.moved;
  auto id = plan.ids.begin();
  for (const PageSpan& span : plan.spans) {
    const auto end = id + static_cast<std::ptrdiff_t>(span.count);
    plan.tier->fill(span, std::vector<PageId>(id, end));
    id = end;
  }
  start_batch();
}

// --- Leaving ---------------------------------------------------------------------------------------------------------

std::uint64_t TierMemory::retire(std::size_t tier, std::uint64_t pages) {
  std::vector<PageSpan> spans;
  tiers_[tier].for_each_idle([&](NodeIndex, const PageSpan& span) { spans.push_back(span); });
  std::uint64_t retired = 0;
  for (auto span = spans.rbegin(); span != spans.rend() && retired < pages; ++span) {
    const std::uint64_t count = std::min(span->count, pages - retired);
    next_.push_back({.tier = tier, .node = tiers_[tier].carve({span->end() - count, count}), .destroy = true});
    retired += count;
  }
  retiring_pages_ += retired;
  start_batch();
  return retired;
}

std::uint64_t TierMemory::revive() {
  const std::uint64_t pages = retiring_pages_;
  for (std::vector<Leaving>* list : {&waiting_, &next_}) {
    for (const Leaving& leaving : *list)
      if (leaving.destroy) tiers_[leaving.tier].give_back(leaving.node);
    std::erase_if(*list, [](const Leaving& leaving) { return leaving.destroy; });
  }
  retiring_pages_ = 0;
  return pages;
}

void TierMemory::start_batch() {
  if (!waiting_.empty() || tokens_due_ > 0 || next_.empty()) return;
  waiting_.swap(next_);
  const std::vector<TokenId> tokens = record_all();
  tokens_due_ = static_cast<std::uint32_t>(tokens.size());
  if (tokens.empty()) return send_away(waiting_);
  first_token_ = tokens.front().value;
  end_token_ = tokens.back().value + 1;
}

void TierMemory::completed(TokenId token) {
  if (tokens_due_ == 0 || token.value < first_token_ || token.value >= end_token_) return;
  if (--tokens_due_ > 0) return;
  send_away(waiting_);
  start_batch();
}

bool TierMemory::synchronize() {
  if (waiting_.empty() && next_.empty()) return true;
  const std::optional<Space> segment = port_.take_segment(TierSpace::page, StreamId(0));
  if (!segment) return false;
  port_.return_segment(*segment);
  tokens_due_ = 0;
  send_away(waiting_);
  send_away(next_);
  return true;
}

void TierMemory::send_away(std::vector<Leaving>& leaving) {
  for (const Leaving& gone : leaving) {
    TierSpace& tier = tiers_[gone.tier];
    const BlockNode& node = graph_[gone.node];
    port_.unmap_pages(tier.space(), Bytes(node.address - tier.space().base.value), Bytes(node.size));
    if (gone.destroy) destroy(tier, tier.whole_pages(gone.node));
    tier.close(gone.node);
  }
  leaving.clear();
}

void TierMemory::destroy(const TierSpace& tier, const PageSpan& pages) {
  for (std::uint64_t p = pages.first; p < pages.end();) {
    const PageId first = tier.page_at(p);
    std::uint32_t count = 1;
    while (p + count < pages.end() && tier.page_at(p + count).value == first.value + count) ++count;
    port_.destroy_pages(first, count, TierSpace::page);
    fence_.forget(first, count);
    p += count;
  }
  retiring_pages_ -= pages.count;
  pages_returned_ += pages.count;
}

Bytes TierMemory::validate() const {
  Bytes live{}, leaving{}, moved{};
  std::uint64_t pages = 0, retiring = 0;
  for (const TierSpace& tier : tiers_) {
    live += tier.validate();
    pages += tier.held_pages();
  }
  for (const std::vector<Leaving>* list : {&waiting_, &next_})
    for (const Leaving& l : *list) {
      leaving += Bytes(graph_[l.node].size);
      if (l.destroy) retiring += graph_[l.node].size / TierSpace::page.value;
      if (!l.destroy) moved += Bytes(graph_[l.node].size);
      VRAMLAB_CHECK(graph_[l.node].live, "a leaving block is free");
    }
  VRAMLAB_CHECK(retiring == retiring_pages_, "pages on their way to the device are counted wrongly");
  VRAMLAB_CHECK(TierSpace::page * pages - moved == port_.reserved(), "pages held and bytes reserved differ");
  return live - leaving;
}

}  // namespace vramlab
