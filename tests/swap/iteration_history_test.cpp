// What is foretold from earlier iterations, and when nothing is.

#include "engine/swap/iteration_history.h"

#include <gtest/gtest.h>

namespace vramlab {
namespace {

/// Weight 0 is there from the beginning; every iteration allocates two objects, uses them in three operators, and frees
/// the first. The second lives into the next iteration, whose first operator reads it.
class Loop {
 public:
  Loop() {
    history.allocated(weight, 8_MiB);
    next_ = 1;
  }
  void begin(Bytes bytes = 4_MiB) {
    history.iteration();
    before_ = second;
    first = allocate(bytes);
    second = allocate(bytes);
  }
  void op(std::uint32_t number) {
    switch (number) {
      case 0:
        return before_.valid() ? run({weight, first, before_}) : run({weight, first});
      case 1:
        if (before_.valid()) history.freed(before_);
        return run({second});
      default:
        run({first, weight});
        history.freed(first);
    }
  }
  void whole(Bytes bytes = 4_MiB) {
    begin(bytes);
    for (std::uint32_t i = 0; i < 3; ++i) op(i);
  }
  void run(const std::vector<ObjectId>& objects) {
    std::vector<Operand> operands;
    for (const ObjectId object : objects) operands.push_back({object, true, false});
    history.ran(operands);
  }

  IterationHistory history;
  ObjectId weight{0}, first, second;

 private:
  ObjectId allocate(Bytes bytes) {
    history.allocated(ObjectId(next_), bytes);
    return ObjectId(next_++);
  }

  std::uint32_t next_ = 0;
  ObjectId before_;
};

TEST(IterationHistory, ForetellsNothingInTheFirstIteration) {
  Loop loop;
  loop.begin();
  EXPECT_EQ(loop.history.foretold(), nullptr);
  EXPECT_EQ(loop.history.next_use(loop.weight), std::nullopt);
}

TEST(IterationHistory, ForetellsUsesByRoleThoughNumbersDiffer) {
  Loop loop;
  for (int i = 0; i < 3; ++i) loop.whole();
  loop.begin();
  EXPECT_EQ(loop.history.next_use(loop.first), 0U);
  EXPECT_EQ(loop.history.next_use(loop.second), 1U);
  loop.op(0);
  EXPECT_EQ(loop.history.next_use(loop.first), 1U);
  EXPECT_EQ(loop.history.next_use(loop.second), 0U);
  loop.op(1);
  EXPECT_EQ(loop.history.next_use(loop.second), 1U);  // by the first operator of the next iteration
  loop.op(2);
  EXPECT_EQ(loop.history.foretold(), nullptr);  // until the next begins
}

TEST(IterationHistory, ForetellsOtherSizesOfTheSameProgram) {
  Loop loop;
  for (int i = 0; i < 3; ++i) loop.whole();
  loop.begin(1_MiB);
  loop.op(0);
  EXPECT_EQ(loop.history.next_use(loop.first), 1U);
}

TEST(IterationHistory, ForetellsNothingOnceAnIterationDeparts) {
  Loop loop;
  for (int i = 0; i < 3; ++i) loop.whole();
  loop.begin();
  loop.run({loop.second});
  EXPECT_EQ(loop.history.foretold(), nullptr);
  EXPECT_EQ(loop.history.next_use(loop.weight), std::nullopt);
  loop.begin();
  EXPECT_NE(loop.history.foretold(), nullptr);
  EXPECT_FALSE(loop.history.repeated());
}

TEST(IterationHistory, KeepsIterationsThatTakeTurns) {
  Loop loop;
  for (int i = 0; i < 3; ++i) loop.whole();
  loop.begin();  // another kind: one operator over the weight
  loop.run({loop.weight});
  loop.run({loop.weight});
  loop.begin();
  loop.run({loop.weight});
  ASSERT_NE(loop.history.foretold(), nullptr);
  EXPECT_EQ(loop.history.foretold()->operators(), 2U);
  loop.run({loop.weight});
  loop.begin();
  EXPECT_TRUE(loop.history.repeated());
}

// Operators weigh 8 + 4 + 4 + 1, 4 + 1 and 4 + 8 + 1 MiB.
TEST(IterationHistory, ForetellsTimeByTheBytesOfOperands) {
  Loop loop;
  for (int i = 0; i < 3; ++i) loop.whole();
  loop.history.measured(Nanoseconds(45'000), Nanoseconds(10'000));
  loop.begin();
  EXPECT_EQ(loop.history.until(1), Nanoseconds(17'000));
  EXPECT_EQ(loop.history.until(3), Nanoseconds(35'000));
  EXPECT_EQ(loop.history.until(4), Nanoseconds(52'000));  // into the next iteration
}

}  // namespace
}  // namespace vramlab
