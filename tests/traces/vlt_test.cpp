#include "traces/vlt.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <cstring>

#include "files.h"
#include "trace_values.h"
#include "traces/generate.h"
#include "traces/reader.h"
#include "traces/vlt_file.h"
#include "traces/vlt_format.h"

namespace vramlab {
namespace {

using test::bytes_of;
using test::content_of;
using test::error_of;
using test::expect_same;
using test::random_trace;
using test::small_trace;
using test::TemporaryFolder;
using test::trace_error;
using ::testing::AllOf;
using ::testing::HasSubstr;

Trace read(std::string_view content) { return read_vlt(bytes_of(content), "x.vlt").at(0); }

std::string written(const Trace& trace) {
  const TemporaryFolder folder;
  write_vlt(trace, folder.path("x.vlt"));
  return content_of(folder.path("x.vlt"));
}

/// A file of chunks as they are given, whatever is in them.
std::string file_of(const std::vector<std::vector<std::uint8_t>>& chunks, const vlt::Totals& totals) {
  const TemporaryFolder folder;
  vlt::ChunkWriter writer(folder.path("x.vlt"), 1);
  for (const auto& chunk : chunks) writer.data(chunk);
  writer.end(totals);
  return content_of(folder.path("x.vlt"));
}

// One object of 512 bytes and its free, as the specification shows it.
const std::vector<std::uint8_t> spec_chunk{0x05, 1, 1, 0,    0x13, 1, 4, 1, 0x80, 0x08, 0, 0x14,
                                           1,    1, 0, 0x1d, 2,    2, 0, 2, 0x1e, 1,    1, 0};
vlt::Totals spec_totals() {
  vlt::Totals totals;
  totals.events = 2;
  totals.objects = 1;
  totals.stream_names = 1;
  return totals;
}

RC_GTEST_PROP(Vlt, RestoresEveryFieldOfATrace, ()) {
  const Trace trace = random_trace(*rc::gen::arbitrary<std::uint64_t>(), *rc::gen::inRange<std::size_t>(0, 600));
  validate(trace);
  expect_same(trace, read(written(trace)));
}

TEST(Vlt, RestoresTracesOfManyChunks) {
  const Trace trace = random_trace(1, 700'000);
  const std::string content = written(trace);
  expect_same(trace, read(content));
  int parts = 0;
  stream_vlt(bytes_of(content), "x.vlt", [&parts](Trace&&) { ++parts; });
  EXPECT_GE(parts, 3);
}

TEST(Vlt, RestoresEveryBundledRecording) {
  int recordings = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(VRAMLAB_SOURCE_DIR) + "/traces/bundled")) {
    if (entry.path().extension() == ".md") continue;
    for (const Trace& trace : read_traces(entry.path().string())) expect_same(trace, read(written(trace)));
    ++recordings;
  }
  EXPECT_GE(recordings, 11);
}

TEST(Vlt, RestoresAnEmptyTrace) { expect_same(Trace(), read_vlt(bytes_of(written(Trace())), "").at(0)); }

TEST(Vlt, ATraceWithoutANameGetsTheFiles) { EXPECT_EQ(read(written(Trace())).name, "x.vlt"); }

TEST(Vlt, TablesLargerThanAChunkAreSplit) {
  Trace trace = small_trace();
  for (std::uint32_t i = 0; i < 400'000; ++i) {
    trace.stacks.frames.push_back({i % 7, i % 5, i});
    trace.stacks.stacks.values.push_back(399'999 - i);
    trace.stacks.stacks.close();
  }
  for (int i = 0; i < 7; ++i) trace.stacks.strings.push_back(std::string(3'000'000, static_cast<char>('a' + i)));
  expect_same(trace, read(written(trace)));
}

TEST(Vlt, ATextTooLongForAChunkIsRefusedAndNothingIsLeftBehind) {
  const TemporaryFolder folder;
  Trace trace = small_trace();
  trace.stacks.strings.push_back(std::string(65 << 20, 'x'));
  EXPECT_THROW(write_vlt(trace, folder.path("x.vlt")), Error);
  EXPECT_TRUE(folder.is_empty());
}

TEST(Vlt, TheExampleOfTheSpecificationIsWhatItSays) {
  const Trace trace = read(file_of({spec_chunk}, spec_totals()));
  EXPECT_THAT(trace.kinds, ::testing::ElementsAre(EventKind::alloc, EventKind::free_completed));
  EXPECT_THAT(trace.subjects, ::testing::ElementsAre(0, 0));
  EXPECT_THAT(trace.sizes, ::testing::ElementsAre(Bytes(512)));

  Trace same = trace;
  same.name.clear();
  const std::string content = written(same);
  vlt::ChunkReader reader(bytes_of(content), content);
  std::span<const std::uint8_t> plain;
  ASSERT_TRUE(reader.next(plain));
  EXPECT_TRUE(std::equal(plain.begin(), plain.end(), spec_chunk.begin(), spec_chunk.end()));
}

TEST(Vlt, TheSameTraceGivesTheSameBytes) { EXPECT_EQ(written(random_trace(5, 5000)), written(random_trace(5, 5000))); }

TEST(VltStream, PartsJoinToTheWhole) {
  const Trace trace = random_trace(2, 600'000);
  const std::string content = written(trace);
  Trace joined;
  stream_vlt(bytes_of(content), "x.vlt", [&](Trace&& part) {
    EXPECT_EQ(part.name, trace.name);
    EXPECT_EQ(part.format, trace.format);
    EXPECT_LE(part.event_count(), std::size_t{1} << 18);
    append_part(joined, std::move(part));
  });
  expect_same(trace, joined);
}

TEST(VltStream, WhatIsWrittenInPartsIsReadAsTheSameTrace) {
  const Trace trace = random_trace(3, 600'000);
  const TemporaryFolder folder;
  VltWriter writer(folder.path("again.vlt"), trace.name);
  const std::string content = written(trace);
  stream_vlt(bytes_of(content), "x.vlt", [&](Trace&& part) { writer.append(part); });
  writer.finish();
  expect_same(trace, read(content_of(folder.path("again.vlt"))));
}

TEST(VltWriter, WithoutFinishNothingIsLeftBehind) {
  const TemporaryFolder folder;
  {
    VltWriter writer(folder.path("x.vlt"), "x");
    writer.append(small_trace());
    EXPECT_FALSE(folder.is_empty());
  }
  EXPECT_TRUE(folder.is_empty());
}

TEST(VltWriter, AnExistingFileIsReplacedOnlyByACompleteOne) {
  const TemporaryFolder folder;
  folder.write("x.vlt", "old");
  {
    VltWriter writer(folder.path("x.vlt"), "x");
    writer.append(small_trace());
  }
  EXPECT_EQ(content_of(folder.path("x.vlt")), "old");
  write_vlt(small_trace(), folder.path("x.vlt"));
  expect_same(small_trace(), read(content_of(folder.path("x.vlt"))));
}

TEST(VltWriter, AFolderThatIsNotThereIsAClearError) {
  const TemporaryFolder folder;
  try {
    write_vlt(small_trace(), folder.path("missing/x.vlt"));
    ADD_FAILURE() << "written into a folder that does not exist";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("missing/x.vlt"), HasSubstr("No such file or directory")));
    EXPECT_EQ(error.exit_code(), 2);
  }
}

TEST(VltWriter, NeverWritesThroughSomebodysLink) {
  const TemporaryFolder folder;
  const std::string precious = folder.write("precious", "content");
  const std::string pending = folder.path("x.vlt") + "." + std::to_string(::getpid()) + "-0.tmp";
  std::filesystem::create_symlink(precious, pending);
  write_vlt(small_trace(), folder.path("x.vlt"));
  EXPECT_EQ(content_of(precious), "content");
  expect_same(small_trace(), read(content_of(folder.path("x.vlt"))));
}

/// Lets no file grow beyond some bytes, as a full disk would, while it lives.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit now{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &now);
  }
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int);
};

TEST(VltWriter, AFullDiskIsAClearErrorAndNothingIsLeftBehind) {
  const TemporaryFolder folder;
  {
    const FullDisk full(100);
    try {
      write_vlt(random_trace(1, 1000), folder.path("x.vlt"));
      ADD_FAILURE() << "written beyond the end of the disk";
    } catch (const TraceError&) {
      ADD_FAILURE() << "the trace is not to blame";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), AllOf(HasSubstr("x.vlt"), HasSubstr("cannot write: File too large")));
    }
  }
  EXPECT_TRUE(folder.is_empty());
}

TEST(VltWriter, PartsThatContradictEachOtherAreRefused) {
  const TemporaryFolder folder;
  VltWriter writer(folder.path("x.vlt"), "x");
  Trace wrong = small_trace();
  wrong.subjects.pop_back();
  EXPECT_THROW(writer.append(wrong), TraceError);
  wrong = small_trace();
  wrong.operators.reads.values.clear();
  EXPECT_THROW(writer.append(wrong), TraceError);
  writer.append(small_trace());
  Trace timed;
  timed.kinds = {EventKind::iteration};
  timed.subjects = {0};
  timed.times_us = {5};
  EXPECT_THAT(error_of([&] { writer.append(timed); }), HasSubstr("in some parts only"));
  writer.finish();  // what was refused left no trace
  EXPECT_EQ(read(content_of(folder.path("x.vlt"))).event_count(), 5u);
}

TEST(VltWriter, AnObjectOutOfOrderIsRefusedAndEndsTheFile) {
  const TemporaryFolder folder;
  VltWriter writer(folder.path("x.vlt"), "x");
  Trace wrong = small_trace();
  std::swap(wrong.subjects[0], wrong.subjects[1]);
  EXPECT_THAT(error_of([&] { writer.append(wrong); }), HasSubstr("0 is the next one"));
  EXPECT_THROW(writer.finish(), InvariantError);
  EXPECT_THROW(writer.append(small_trace()), InvariantError);
}

TEST(VltDamage, TruncationAnywhereIsTold) {
  const std::string content = written(random_trace(4, 300));
  for (std::size_t size = 0; size < content.size(); ++size)
    EXPECT_THROW(read(content.substr(0, size)), TraceError) << size;
}

TEST(VltDamage, EveryFlippedBitIsTold) {
  const std::string content = written(random_trace(4, 30));
  for (std::size_t bit = 0; bit < content.size() * 8; ++bit) {
    std::string damaged = content;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    EXPECT_THROW(read(damaged), TraceError) << "bit " << bit;
  }
}

TEST(VltDamage, BytesAfterTheEndAreTold) {
  EXPECT_THAT(error_of([] { read(written(small_trace()) + "x"); }), HasSubstr("bytes follow the end mark"));
}

TEST(VltDamage, AMissingChunkIsTold) {
  std::string content = written(random_trace(6, 600'000));
  vlt::ChunkHeader first;
  std::memcpy(&first, content.data() + 16, sizeof first);
  content.erase(16, sizeof first + first.stored_bytes);
  const TraceError error = trace_error([&] { read(content); });
  EXPECT_THAT(error.what(), HasSubstr("checksum"));
  EXPECT_EQ(error.where().byte, 16u);
}

TEST(VltDamage, AnUnknownVersionIsRefused) {
  std::string content = written(small_trace());
  content[8] = 2;
  EXPECT_THAT(error_of([&] { read(content); }), HasSubstr(".vlt of version 2, but this program reads version 1"));
}

TEST(VltDamage, AClaimOfManyBytesTakesNoMemory) {
  std::string content = written(small_trace());
  const std::uint64_t huge = std::uint64_t{10} << 30;
  std::memcpy(content.data() + 16 + 16, &huge, sizeof huge);
  EXPECT_THAT(error_of([&] { read(content); }), HasSubstr("a chunk of 10737418240 bytes"));
  std::memcpy(content.data() + 16 + 8, &huge, sizeof huge);
  EXPECT_THROW(read(content), TraceError);
}

struct Hostile {
  const char* message;
  std::vector<std::uint8_t> chunk;
};

class HostileChunk : public ::testing::TestWithParam<Hostile> {};

TEST_P(HostileChunk, IsRefusedWithTheChunksOffset) {
  const std::string content = file_of({GetParam().chunk}, spec_totals());
  const TraceError error = trace_error([&] { read(content); });
  EXPECT_THAT(error.what(), HasSubstr(GetParam().message));
  EXPECT_EQ(error.where().byte, 16u);
}

INSTANTIATE_TEST_SUITE_P(
    All, HostileChunk,
    ::testing::Values(
        Hostile{"column 99: unknown", {99, 1, 1, 0}},
        Hostile{"column 5: unknown, or not where it", {5, 1, 1, 0, 5, 1, 1, 0}},
        Hostile{"unknown, or not where it belongs", {12, 1, 1, 0, 5, 1, 1, 0}},
        Hostile{"a number is cut off", {5, 0x80}}, Hostile{"0 rows", {5, 0, 0}},
        Hostile{"2 rows in 1 bytes", {5, 2, 1, 0}}, Hostile{"rows in", {5, 1, 9, 0}},
        Hostile{"2097152 rows", {5, 0x80, 0x80, 0x80, 1, 0}}, Hostile{"bytes are left over", {5, 1, 2, 0, 0}},
        Hostile{"a number is cut off", {5, 1, 1, 0x80}},
        Hostile{"more than 64 bits", {5, 1, 10, 255, 255, 255, 255, 255, 255, 255, 255, 255, 2}},
        Hostile{"a text is cut off", {12, 1, 2, 9, 'x'}}, Hostile{"more than one text", {1, 2, 2, 0, 0}},
        Hostile{"a name without a value", {3, 1, 1, 0}}, Hostile{"2 notes", {4, 2, 2, 0, 0}},
        Hostile{"a number is out of range", {20, 1, 4, 0x80, 0x80, 0x80, 1}},
        Hostile{"column 8 is missing", {7, 1, 1, 0}},
        Hostile{"column 8 is missing", {7, 1, 1, 0, 8, 2, 2, 0, 0, 9, 1, 1, 0}},
        Hostile{"0 values, but lists for 3", {10, 1, 1, 3}}, Hostile{"the dictionary is too long", {19, 1, 1, 0x7f}},
        Hostile{"beyond the dictionary", {19, 1, 3, 1, 0, 1}}, Hostile{"unknown event kind 9", {29, 1, 1, 9}},
        Hostile{"one byte for each event", {29, 1, 2, 0, 0}}, Hostile{"fewer subjects than events", {29, 1, 1, 2}},
        Hostile{"more subjects than events", {29, 1, 1, 4, 30, 2, 2, 0, 0}},
        Hostile{"which is not there yet", {29, 1, 1, 2, 30, 1, 1, 0}},
        Hostile{"1 allocations of 0 objects", {29, 1, 1, 0}},
        Hostile{"0 allocations of 1 objects", {19, 1, 3, 1, 2, 0}}, Hostile{"1 runs of 0 operators", {29, 1, 1, 3}},
        Hostile{"columns of one table differ", {19, 1, 3, 1, 2, 0, 29, 1, 1, 0}},
        Hostile{"stream 0 is named, but there are 0", {19, 1, 3, 1, 2, 0, 20, 1, 1, 0, 29, 1, 1, 0}},
        Hostile{"frame 5 is named", {10, 1, 1, 1, 11, 1, 1, 10}},
        Hostile{"a frame names a text", {7, 1, 1, 0, 8, 1, 1, 0, 9, 1, 1, 0}},
        Hostile{"a segment event names", {5, 1, 1, 0, 13, 1, 1, 8, 14, 1, 1, 0, 15, 1, 1, 0, 16, 1, 1, 0}},
        Hostile{"a segment event names", {5, 1, 1, 0, 13, 1, 1, 0, 14, 1, 1, 2, 15, 1, 1, 0, 16, 1, 1, 0}},
        Hostile{"a record that is not there", {29, 1, 1, 5, 30, 1, 1, 0}},
        Hostile{"a record that is not there", {29, 1, 1, 6, 30, 1, 1, 0}}));

TEST(VltDamage, CountsThatDisagreeWithTheEndAreTold) {
  vlt::Totals totals = spec_totals();
  ++totals.events;
  EXPECT_THAT(error_of([&] { read(file_of({spec_chunk}, totals)); }), HasSubstr("other counts than its end mark"));
}

TEST(VltDamage, TimesOfSomeEventsOnlyAreTold) {
  std::vector<std::uint8_t> chunk = spec_chunk;
  chunk.insert(chunk.end(), {31, 1, 1, 0});
  vlt::Totals totals = spec_totals();
  totals.times = 1;
  EXPECT_THAT(error_of([&] { read(file_of({chunk}, totals)); }), HasSubstr("in some parts only"));
}

TEST(VltHead, IsToldByItsMagic) {
  EXPECT_TRUE(is_vlt(bytes_of(written(Trace()))));
  EXPECT_FALSE(is_vlt(bytes_of("VLT")));
  EXPECT_FALSE(is_vlt({}));
}

}  // namespace
}  // namespace vramlab
