// Pieces of what people see: tables, progress, names of files.

#include <gmock/gmock.h>

#include "engine/core/error.h"
#include "engine/core/option.h"
#include "experiments/limit.h"
#include "experiments/progress.h"
#include "experiments/replay_table.h"
#include "experiments/stack_line.h"
#include "experiments/text_table.h"
#include "experiments/trace_files.h"

namespace vramlab::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(TextTable, AlignsTextLeftAndNumbersRight) {
  TextTable table({{"name"}, {"n", Align::right}});
  table.add({{"a"}, {"1000"}});
  table.add({{"longer"}, {"7"}});
  EXPECT_EQ(table.text(false), "name       n\na       1000\nlonger     7\n");
}

TEST(TextTable, CountsCodePointsNotBytes) {
  TextTable table({{"x"}, {"y"}});
  table.add({{"\xc3\xa9"}, {"b"}});
  EXPECT_EQ(table.text(false), "x  y\n\xc3\xa9  b\n");
}

TEST(TextTable, HasEscapesOnlyInColour) {
  TextTable table({{"x"}});
  table.add({{"best", Tone::best}});
  EXPECT_THAT(table.text(false), Not(HasSubstr("\x1b")));
  EXPECT_THAT(table.text(true), HasSubstr("\x1b[1;32mbest\x1b[0m"));
}

TEST(TextTable, OfRowsShowsBytesInUnitsAndNullAsADash) {
  const std::vector<Row> rows{{{"file_bytes", std::uint64_t{2048}}, {"ok", true}, {"gone", nullptr}}};
  EXPECT_EQ(rows_to_table(rows).text(false), "    file  ok   gone\n2.00 KiB  yes  -\n");
}

TEST(Progress, ShowsHowFarAndHowLongStill) {
  const std::string line = progress_line("reading", 0.25, 10, 80);
  EXPECT_THAT(line, HasSubstr("reading [#######---"));
  EXPECT_THAT(line, HasSubstr(" 25%  0:30 left"));
}

TEST(Progress, KeepsWithinTheTerminalAndTheBounds) {
  EXPECT_EQ(progress_line("a long label indeed", 0.5, 1, 12).size(), 12u);
  EXPECT_THAT(progress_line("x", 7.0, 1, 80), HasSubstr("100%  0:00 left"));
  EXPECT_THAT(progress_line("x", -1.0, 1, 80), Not(HasSubstr("left")));
}

TEST(Progress, WithoutAKnownEndShowsWhatWasReached) {
  EXPECT_EQ(progress_note("net exact", "peak 1.71 GiB", 65, 80), "net exact  peak 1.71 GiB  1:05");
  EXPECT_EQ(progress_note("net exact", "peak 1.71 GiB", 65, 9), "net exact");
}

TEST(Limit, IsBytesOrAShareOfTheMaxLoad) {
  EXPECT_EQ(parse_limit("2KiB", Bytes(100)), Bytes(2048));
  EXPECT_EQ(parse_limit("50%", Bytes(1001)), Bytes(500));
  EXPECT_EQ(parse_limit("unlimited", Bytes(1)), unlimited_bytes);
  EXPECT_EQ(parse_cap("machine", Bytes(77)), Bytes(77));
  EXPECT_EQ(parse_cap("unlimited", Bytes(77)), unlimited_bytes);
  EXPECT_THROW(parse_cap("machines", Bytes(77)), ConfigError);
  for (const char* bad : {"min", "%", "x%", "0%", "", "-1"})
    EXPECT_THROW(parse_limit(bad, Bytes(1)), ConfigError) << bad;
  try {
    parse_limit("lots", Bytes(1), "capacity");
    ADD_FAILURE() << "lots is no limit";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("capacity 'lots'"));
  }
}

/// An object with the stack of `frames`: function, file, line.
Trace trace_of_stack(const std::vector<std::tuple<std::string, std::string, std::uint32_t>>& frames) {
  Trace trace;
  trace.sizes = {Bytes(512)};
  trace.stack_of = {0};
  for (const auto& [function, file, line] : frames) {
    const auto strings = static_cast<std::uint32_t>(trace.stacks.strings.size());
    trace.stacks.strings.insert(trace.stacks.strings.end(), {function, file});
    trace.stacks.stacks.values.push_back(static_cast<std::uint32_t>(trace.stacks.frames.size()));
    trace.stacks.frames.push_back({strings, strings + 1, line});
  }
  trace.stacks.stacks.close();
  return trace;
}

TEST(StackLine, ShowsTheInnermostFramesOfTheProgram) {
  const Trace trace = trace_of_stack({{"torch::unwind::unwind()", "??", 0},
                                      {"at::native::batch_norm(at::Tensor const&)", "??", 0},
                                      {"batch_norm", "/torch/nn/functional.py", 2846},
                                      {"_call_impl", "/torch/nn/modules/module.py", 1790},
                                      {"forward", "/torch/nn/modules/batchnorm.py", 194},
                                      {"forward", "resnet.py", 155},
                                      {"<module>", "train.py", 3}});
  EXPECT_EQ(stack_line(trace, 0), "batch_norm functional.py:2846 < forward batchnorm.py:194 < forward resnet.py:155");
}

TEST(StackLine, ShowsTheLibraryWhereTheProgramIsNotSeen) {
  const Trace trace = trace_of_stack({{"torch::unwind::unwind()", "??", 0},
                                      {"c10::cuda::CUDACachingAllocator::Native::malloc(void**)", "", 0},
                                      {"at::(anonymous namespace)::run<float>(at::Tensor const&)", "??", 0},
                                      {"torch::autograd::Node::operator()(int)", "??", 0}});
  EXPECT_EQ(stack_line(trace, 0), "at::run < torch::autograd::Node::operator");
}

TEST(StackLine, IsEmptyWithoutAStack) {
  Trace trace;
  trace.sizes = {Bytes(512)};
  EXPECT_EQ(stack_line(trace, 0), "");
  EXPECT_EQ(stack_line(trace_of_stack({}), 0), "");
}

TEST(Names, OfSeveralOutputsKeepFolderAndEnding) {
  EXPECT_EQ(with_suffix("a/b/map.svg", "-x"), "a/b/map-x.svg");
  EXPECT_EQ(with_suffix("log", "-x"), "log-x");
  EXPECT_EQ(file_stem("net.pickle"), "net");
  EXPECT_EQ(file_stem("net.pickle#1"), "net-gpu1");
  EXPECT_EQ(file_stem("a b.csv"), "a-b");
}

TEST(Names, EndInTheNumberOfTheDevice) {
  Trace trace;
  for (const auto& [name, device] : {std::pair{"net.pickle", 0u}, {"net.pickle#1", 1u}, {"a#2.vlt", 0u}}) {
    trace.name = name;
    EXPECT_EQ(device_number(trace), device) << name;
  }
}

ReplayOutcome outcome_of(const std::string& pool, std::uint64_t reserved) {
  ReplayOutcome outcome;
  outcome.report.trace = "net";
  outcome.report.pool = pool;
  outcome.report.peak_reserved = Bytes(reserved);
  outcome.report.wall_ns_per_event = 100;
  return outcome;
}

TEST(ReplayTable, ShowsMismatchesOnlyWhereAddressesWereCompared) {
  ReplayOutcome compared = outcome_of("pytorch", 1);
  compared.report.recorded_address_mismatches = 4711;
  EXPECT_THAT(replay_table({compared}, false), HasSubstr("4711"));
  EXPECT_THAT(replay_table({outcome_of("pytorch-expandable", 1)}, false), Not(HasSubstr("mismatches")));
}

TEST(ReplayTable, MarksWhoReservesLeastWhereThereIsAChoice) {
  const ReplayOutcome more = outcome_of("a", 2), less = outcome_of("b", 1);
  EXPECT_THAT(replay_table({more, less}, true), HasSubstr(toned("b", Tone::best, true)));
  EXPECT_THAT(replay_table({more, less}, true), Not(HasSubstr(toned("a", Tone::best, true))));
  EXPECT_THAT(replay_table({less}, false), Not(HasSubstr("*")));
}

TEST(ReplayTable, OfAFailedRunShowsOnlyItsName) {
  ReplayOutcome failed = outcome_of("a", 2);
  failed.failed = true;
  EXPECT_THAT(replay_table({failed}, false), Not(HasSubstr("4711")));
  for (const Field& field : outcome_row(failed))
    if (field.name == "peak_reserved_bytes" || field.name == "decisions") {
      EXPECT_TRUE(std::holds_alternative<std::nullptr_t>(field.value)) << field.name;
    }
}

Trace trace_of_sizes(std::vector<Bytes> sizes) {
  Trace trace;
  trace.name = "sizes";
  for (std::uint32_t i = 0; i < sizes.size(); ++i) {
    trace.kinds.push_back(EventKind::alloc);
    trace.subjects.push_back(i);
    trace.addresses.emplace_back(i * 4096);
  }
  trace.kinds.push_back(EventKind::segment);
  trace.subjects.push_back(0);
  trace.segment_events.push_back({});
  trace.stream_names = {0};
  trace.streams.assign(sizes.size(), StreamId(0));
  trace.sizes = std::move(sizes);
  return trace;
}

TEST(Scale, RoundsDownAndKeepsSmallSizesFromShrinking) {
  Trace trace = trace_of_sizes({Bytes(4), Bytes(600), Bytes(4001)});
  scale_sizes(trace, 0.5);
  EXPECT_EQ(trace.sizes, (std::vector<Bytes>{Bytes(4), Bytes(512), Bytes(2000)}));
}

TEST(Scale, DropsWhatWasRecordedOfAddressesAndSegments) {
  Trace trace = trace_of_sizes({Bytes(4), Bytes(600)});
  scale_sizes(trace, 2);
  EXPECT_EQ(trace.sizes, (std::vector<Bytes>{Bytes(8), Bytes(1200)}));
  EXPECT_FALSE(trace.has_addresses());
  EXPECT_TRUE(trace.segment_events.empty());
  EXPECT_EQ(trace.kinds.size(), 2u);
  validate(trace);
}

TEST(Scale, OfOneChangesNothing) {
  Trace trace = trace_of_sizes({Bytes(4)});
  scale_sizes(trace, 1);
  EXPECT_TRUE(trace.has_addresses());
}

TEST(Scale, BeyondAllBoundsIsRefused) {
  Trace trace = trace_of_sizes({max_object_bytes - Bytes(1)});
  EXPECT_THROW(scale_sizes(trace, 2), ConfigError);
}

}  // namespace
}  // namespace vramlab::test
