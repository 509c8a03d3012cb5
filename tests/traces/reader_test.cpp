#include "traces/reader.h"

#include <gmock/gmock.h>

#include "files.h"
#include "trace_values.h"
#include "traces/vlt.h"

namespace vramlab {
namespace {

using test::bytes_of;
using test::error_of;
using test::TemporaryFolder;
using ::testing::HasSubstr;

constexpr std::string_view operators_text = "alloc,0,8,0\nfree,0\n";
constexpr std::string_view instance_text = "id,lower,upper,size\n0,0,1,8\n";

TEST(Readers, TellAFormatByItsContentWhateverItsName) {
  const TemporaryFolder folder;
  EXPECT_EQ(read_traces(folder.write("a.pickle", operators_text)).at(0).format, "operator");
  EXPECT_EQ(read_traces(folder.write("a.vlt", instance_text)).at(0).format, "minimalloc");
  write_vlt(test::small_trace(), folder.path("a.csv"));
  EXPECT_EQ(read_traces(folder.path("a.csv")).at(0).format, "hand");
}

TEST(Readers, NameTheTraceByItsFile) {
  const TemporaryFolder folder;
  EXPECT_EQ(read_traces(folder.write("run.ops.csv", operators_text)).at(0).name, "run.ops.csv");
}

TEST(Readers, ErrorsNameTheFile) {
  const TemporaryFolder folder;
  const std::string path = folder.write("bad.csv", "alloc,0,8,0\nfree,1\n");
  EXPECT_THAT(error_of([&] { read_traces(path); }), HasSubstr("bad.csv:2:"));
}

TEST(Readers, AnUnknownFormatIsRefusedWithAllThatAreKnown) {
  const std::string error = error_of([] { read_traces(bytes_of("hello\n"), "x.txt"); });
  EXPECT_THAT(error, HasSubstr("x.txt: not a trace of any known format"));
  for (const ReaderInfo& reader : readers()) {
    EXPECT_THAT(error, HasSubstr(std::string(reader.name) + ": " + std::string(reader.summary)));
  }
}

TEST(Readers, WhatAReaderGivesIsValidated) {
  const TemporaryFolder folder;
  VltWriter writer(folder.path("x.vlt"), "x");
  Trace trace = test::small_trace();
  trace.subjects[4] = 0;  // object 0 is freed twice, which only validate() tells
  writer.append(trace);
  writer.finish();
  EXPECT_THAT(error_of([&] { read_traces(folder.path("x.vlt")); }), HasSubstr("event 4: frees object 0 again"));
}

TEST(Readers, NoTwoRecogniseTheSameHead) {
  const TemporaryFolder folder;
  write_vlt(test::small_trace(), folder.path("x.vlt"));
  const std::string vlt = test::content_of(folder.path("x.vlt"));
  const InputFile snapshot =
      InputFile::open(std::string(VRAMLAB_SOURCE_DIR) + "/traces/bundled/alexnet-train-b256.pickle.xz");
  const std::string pickle = test::text_of(snapshot.bytes());
  for (const std::string_view head : {std::string_view(pickle), operators_text, instance_text, std::string_view(vlt)}) {
    int known = 0;
    for (const ReaderInfo& reader : readers()) known += reader.recognise(bytes_of(head)) ? 1 : 0;
    EXPECT_EQ(known, 1) << head.substr(0, 8);
  }
}

}  // namespace
}  // namespace vramlab
