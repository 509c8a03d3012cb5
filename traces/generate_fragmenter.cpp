// An adversary of every allocator that does not move objects, after Robson's lower bound ("An estimate of the store
// size necessary for dynamic storage allocation", 1971): fill the memory with small objects, keep every second one,
// fill what that freed with objects twice as large, and so on. The holes of phase k are 2^k - 1 smallest objects
// wide, the next requests 2^k: none fits, so each phase takes half of the limit anew, about
// limit * (1 + phases/2) in the end. It needs no addresses as long as requests that fit no hole are laid side by side
// in order, which best fit does.

#include <utility>
#include <vector>

#include "traces/generate_support.h"

namespace vramlab {
namespace {

constexpr std::array<OptionSpec, 3> options_table{{
    {"limit", OptionKind::bytes, "16MiB", "most bytes live at once"},
    {"min_size", OptionKind::bytes, "512", "size of the first phase's objects; each phase doubles it"},
    {"phases", OptionKind::integer, "10", "doublings of a cycle; after the last everything is freed", {}, 0, 40},
}};

constexpr std::uint64_t most_objects = std::uint64_t{1} << 27;

/// One cycle: the objects of each phase that are still live, in order of allocation.
class Cycle {
 public:
  Cycle(PartWriter& out, Bytes limit) : out_(out), limit_(limit) {}

  void fill(Bytes size) {
    std::vector<std::uint32_t> objects;
    for (; live_ + size <= limit_; live_ += size) objects.push_back(out_.alloc(size));
    phases_.push_back({size, std::move(objects)});
  }
  /// Frees every second object of each phase.
  void thin_out() {
    for (Phase& phase : phases_) {
      std::size_t kept = 0;
      for (std::size_t i = 0; i < phase.objects.size(); ++i) {
        if (i % 2 == 0) {
          phase.objects[kept++] = phase.objects[i];
        } else {
          out_.free(phase.objects[i]);
          live_ -= phase.size;
        }
      }
      phase.objects.resize(kept);
    }
  }
  void free_all_in_random_order(Prng& prng) {
    std::vector<std::uint32_t> objects;
    for (const Phase& phase : phases_) objects.insert(objects.end(), phase.objects.begin(), phase.objects.end());
    for (std::size_t left = objects.size(); left > 0; --left) {
      std::swap(objects[prng.below(left)], objects[left - 1]);
      out_.free(objects[left - 1]);
    }
  }

 private:
  struct Phase {
    Bytes size;
    std::vector<std::uint32_t> objects;
  };
  PartWriter& out_;
  Bytes limit_;
  Bytes live_{};
  std::vector<Phase> phases_;
};

void generate(const GenerateRequest& request, const PartSink& each) {
  const OptionValues options = options_of(request, "fragmenter", options_table);
  const Bytes limit = size_option(options, "limit");
  const Bytes smallest = size_option(options, "min_size");
  const std::uint64_t phases = count_option(options, "phases");
  require_order("min_size * 2^phases", product({smallest.value, std::uint64_t{1} << phases}), "limit", limit.value);
  require_order("limit / min_size", limit / smallest, "the most objects of a cycle", most_objects);
  PartWriter out("fragmenter", request, each);
  Prng prng(request.seed);
  do {
    Cycle cycle(out, limit);
    cycle.fill(smallest);
    for (std::uint64_t phase = 1; phase <= phases; ++phase) {
      cycle.thin_out();
      cycle.fill(Bytes(smallest.value << phase));
    }
    cycle.free_all_in_random_order(prng);
  } while (!out.enough());
  out.finish();
}

}  // namespace

GeneratorInfo fragmenter_generator() {
  return {"fragmenter", "an adversary of best fit: holes always a little too small", options_table, generate};
}

}  // namespace vramlab
