#include "traces/generate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "engine/core/error.h"

namespace vramlab {
namespace {

Trace part_with_op(std::uint32_t first_object, std::uint32_t op, std::string name) {
  Trace part;
  part.name = name;
  part.kinds = {EventKind::alloc, EventKind::op};
  part.subjects = {first_object, op};
  part.sizes = {Bytes(512)};
  part.streams = {StreamId(0)};
  part.operators.names = {std::move(name)};
  part.operators.name = {op};
  part.operators.gpu_time = {Nanoseconds(1)};
  part.operators.reads.close();
  part.operators.writes.values = {first_object};
  part.operators.writes.close();
  return part;
}

TEST(JoiningParts, MovesListsBehindThoseAlreadyThere) {
  Trace whole;
  Trace first = part_with_op(0, 0, "first");
  first.stream_names = {0};
  append_part(whole, std::move(first));
  append_part(whole, part_with_op(1, 1, "second"));
  validate(whole);
  EXPECT_EQ(whole.name, "first");
  EXPECT_THAT(whole.operators.names, ::testing::ElementsAre("first", "second"));
  EXPECT_THAT(whole.operators.writes.ends, ::testing::ElementsAre(1, 2));
  EXPECT_THAT(whole.operators.writes.values, ::testing::ElementsAre(0, 1));
  EXPECT_THAT(whole.operators.reads.ends, ::testing::ElementsAre(0, 0));
}

TEST(JoiningParts, RefusesPartsOfDifferentColumns) {
  Trace whole;
  append_part(whole, part_with_op(0, 0, "plain"));
  Trace addressed = part_with_op(1, 1, "addressed");
  addressed.addresses = {Address(4096)};
  EXPECT_THROW(append_part(whole, std::move(addressed)), TraceError);
}

}  // namespace
}  // namespace vramlab
