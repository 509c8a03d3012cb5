#include "engine/swap/swap_choices.h"

#include <algorithm>

namespace vramlab {
namespace {

/// The choices of one object after the other.
class ChoiceMaker {
 public:
  ChoiceMaker(const AccessProgram& program, SwapChoices& found) : program_(program), found_(found) {}

  void add(std::uint32_t number) {
    object_ = number;
    const ProgramObject& object = program_.objects[number];
    wraps_ = object.persistent() && !object.accesses.empty();
    const bool written = std::any_of(object.accesses.begin(), object.accesses.end(), [](Access a) { return a.writes; });
    kept_ = object.persistent() && !written;
    head_ = tail_ = AbsenceChoice::no_choice;
    last_copied_ = AbsenceChoice::no_choice;
    for (const SwapGap& gap : gaps_of(program_, number)) add_gap(gap);
    if (wraps_) join(written);
  }

 private:
  void add_gap(const SwapGap& gap) {
    if (wraps_ && gap.from == 0) {
      head_gap_ = gap;
      head_ = 0;
      return;
    }
    const std::uint32_t choice = add_choice(gap.from, gap.to, gap.copied, gap.returns);
    if (wraps_ && gap.to == program_.slots()) tail_ = choice;
  }

  std::uint32_t add_choice(std::uint32_t from, std::uint32_t to, std::uint32_t copied, bool returns) {
    if (copied != last_copied_) {
      found_.versions.push_back({.object = object_, .copied = copied, .kept = kept_});
      last_copied_ = copied;
    }
    found_.choices.push_back({.object = object_,
                              .version = static_cast<std::uint32_t>(found_.versions.size() - 1),
                              .from = from,
                              .to = to,
                              .returns = returns});
    return static_cast<std::uint32_t>(found_.choices.size() - 1);
  }

  // The last gap goes on in the first one of the next stretch. Instead the first one alone can be used, by a copy out
  // within it.
  void join(bool written) {
    if (tail_ == AbsenceChoice::no_choice && head_ == AbsenceChoice::no_choice) return;
    if (tail_ == AbsenceChoice::no_choice) tail_ = add_tail(written);
    AbsenceChoice& wrapped = found_.choices[tail_];
    wrapped.wraps = wrapped.returns = true;
    if (head_ == AbsenceChoice::no_choice) return;
    wrapped.head_to = head_gap_.to;
    if (!written) return;
    last_copied_ = AbsenceChoice::no_choice;
    const std::uint32_t alone = add_choice(0, head_gap_.to, 0, true);
    found_.choices[alone].instead = tail_;
    found_.choices[tail_].instead = alone;
  }

  // Used by the last operator: absent from the end of the stretch on.
  std::uint32_t add_tail(bool written) {
    const std::uint32_t end = program_.slots();
    std::uint32_t last_write = 0;
    for (const Access access : program_.objects[object_].accesses)
      if (access.writes) last_write = access.slot + 1;
    return add_choice(end, end, written ? last_write : 0, true);
  }

  const AccessProgram& program_;
  SwapChoices& found_;
  std::uint32_t object_ = 0;
  bool wraps_ = false, kept_ = false;
  std::uint32_t head_ = 0, tail_ = 0;
  SwapGap head_gap_;
  std::uint32_t last_copied_ = 0;
};

}  // namespace

SwapChoices swap_choices(const AccessProgram& program, Bytes min_swap) {
  SwapChoices found;
  ChoiceMaker maker(program, found);
  for (std::uint32_t object = 0; object < program.objects.size(); ++object)
    if (program.objects[object].bytes >= min_swap) maker.add(object);
  return found;
}

}  // namespace vramlab
