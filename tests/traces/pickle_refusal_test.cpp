#include <gmock/gmock.h>

#include <set>
#include <string>

#include "files.h"
#include "pickle_writer.h"
#include "traces/pickle.h"
#include "traces/pickle_opcodes.h"

namespace vramlab {
namespace {

using test::bytes_of;
using test::Py;
using ::testing::HasSubstr;

constexpr auto words = std::to_array<std::string_view>({"a", "b"});
constexpr pickle::Vocabulary vocabulary{words};

template <std::size_t n>
std::string raw(const char (&bytes)[n]) {
  return std::string(bytes, n - 1);
}

void read(const std::string& bytes) { pickle::Pickle(pickle::Input{bytes_of(bytes), "x.pickle"}, vocabulary); }

/// Expects a TraceError at this byte that says `what`.
void expect_refused(const std::string& bytes, std::uint64_t at, const std::string& what) {
  const TraceError error = test::trace_error([&] { read(bytes); });
  EXPECT_THAT(error.what(), HasSubstr(what));
  EXPECT_EQ(error.where().byte, at) << error.what();
  EXPECT_EQ(error.where().file, "x.pickle");
}

const std::set<unsigned> plain = {'(', ')', '.', 'G', 'J', 'K',  'M',  'N',  'X',  ']',  'a',  'e',  'h',  'j',  'q',
                                  'r', 's', 't', 'u', '}', 0x80, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8c, 0x94, 0x95};

TEST(PickleRefusal, EveryOtherOpcodeIsRefusedByNameAndByte) {
  for (unsigned code = 0; code < 256; ++code) {
    if (plain.contains(code)) continue;
    const std::string name(pickle::opcode_name(static_cast<std::uint8_t>(code)));
    const std::string bytes = raw("\x80\x04K\x01K\x01") + static_cast<char>(code) + "os\nsystem\n.";
    expect_refused(bytes, 6, name.empty() ? "is no pickle opcode" : "opcode " + name);
  }
}

TEST(PickleRefusal, WhatWouldRunCodeIsSaidToDoSo) {
  for (const char* code : {"c", "R", "i", "o", "b", "P", "Q", "\x81", "\x82", "\x83", "\x84", "\x92", "\x93"})
    expect_refused("\x80\x04" + std::string(code) + "os\nsystem\n.", 2, "would run code");
  expect_refused(raw("\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85R."), 14, "opcode STACK_GLOBAL would run code");
  expect_refused(
      "\x80\x02"
      "cos\nsystem\n.",
      2, "opcode GLOBAL would run code");
}

TEST(PickleRefusal, EveryTruncationIsNoticed) {
  for (const int protocol : {2, 4}) {
    const std::string whole = test::pickled(
        Py::dict({{"a", Py::list({1, 300, 70'000, std::int64_t{1} << 50, 0.5, "text"})}, {"b", Py::tuple({1, 2})}}),
        protocol);
    EXPECT_NO_THROW(read(whole));
    for (std::size_t length = 0; length < whole.size(); ++length)
      EXPECT_THROW(read(whole.substr(0, length)), TraceError) << length;
  }
}

TEST(PickleRefusal, LengthsBeyondTheEndAreRefusedWithoutBeingAllocated) {
  expect_refused(raw("\x80\x04\x95\x00\xe4\x0b\x54\x02\x00\x00\x00N."), 2, "a frame of 10000000000 bytes");
  expect_refused(raw("\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\xffN."), 2, "a frame of");
  expect_refused(raw("\x80\x02X\xff\xff\xff\xffN."), 2, "a text of 4294967295 bytes");
  expect_refused(raw("\x80\x04\x8c\xffN."), 2, "a text of 255 bytes");
  expect_refused(raw("\x80\x02\x8a\x09\x01."), 2, "the file ends inside opcode LONG1");
}

TEST(PickleRefusal, IntegersOfMoreThan64BitsAreRefused) {
  expect_refused(raw("\x80\x02\x8a\x0a\0\0\0\0\0\0\0\0\0\0."), 2, "more than 64 bits");
  expect_refused(raw("\x80\x02\x8a\x09\0\0\0\0\0\0\0\0\x01."), 2, "more than 64 bits");
  expect_refused(raw("\x80\x02\x8a\x09\0\0\0\0\0\0\0\0\xff."), 2, "more than 64 bits");
  EXPECT_NO_THROW(read(raw("\x80\x02\x8a\x09\0\0\0\0\0\0\0\x80\xff.")));
  EXPECT_NO_THROW(read(raw("\x80\x02\x8a\x00.")));
}

TEST(PickleRefusal, MemoIndicesThatAreHugeOrWereNeverStoredAreRefused) {
  expect_refused(raw("\x80\x02Nr\xff\xff\xff\xff."), 3, "memo index 4294967295 in a file of 9 bytes");
  expect_refused(raw("\x80\x02h\x05."), 2, "memo 5, which was never stored");
  expect_refused(raw("\x80\x02Nq\x03h\x02."), 5, "memo 2, which was never stored");
  expect_refused(raw("\x80\x02j\xff\xff\xff\xff."), 2, "LONG_BINGET names memo 4294967295");
}

TEST(PickleRefusal, AStackThatIsTooLowIsNoticed) {
  for (const std::string op : {".", "a", "s", "\x85", "\x86", "\x87", "\x94"})
    expect_refused("\x80\x04" + op + ".", 2, "needs more values than there are");
  expect_refused(raw("\x80\x02q\x00."), 2, "BINPUT needs more values");
  expect_refused("\x80\x04]a.", 3, "APPEND needs more values");
  expect_refused("\x80\x04}Ns.", 4, "SETITEM needs more values");
}

TEST(PickleRefusal, NothingBelowAMarkIsPopped) {
  expect_refused("\x80\x04](Na.", 5, "APPEND needs more values");
  expect_refused("\x80\x04N(.", 4, "STOP needs more values");
  expect_refused("\x80\x04N(\x85.", 4, "TUPLE1 needs more values");
  expect_refused("\x80\x04(N((eee.", 6, "APPENDS needs more values");
}

TEST(PickleRefusal, MarksThatAreMissingAreNoticed) {
  for (const auto& [op, name] : {std::pair{"e", "APPENDS"}, {"u", "SETITEMS"}, {"t", "TUPLE"}})
    expect_refused("\x80\x04]" + std::string(op) + ".", 3, std::string(name) + " without a MARK");
}

TEST(PickleRefusal, ItemsAndPairsGoIntoTheirOwnKindOnly) {
  expect_refused("\x80\x04}Na.", 4, "APPEND on something that is no list");
  expect_refused("\x80\x04}(NNe.", 6, "APPENDS on something that is no list");
  expect_refused("\x80\x04]NNs.", 5, "SETITEM on something that is no dictionary");
  expect_refused("\x80\x04](NNu.", 6, "SETITEMS on something that is no dictionary");
  expect_refused("\x80\x04)(NNe.", 6, "APPENDS on something that is no list");
  expect_refused("\x80\x04}(NNNu.", 7, "a key that has no value");
}

TEST(PickleRefusal, UnknownProtocolsAndBytesAfterTheEndAreRefused) {
  expect_refused("\x80\x06N.", 0, "pickle protocol 6 is not known");
  expect_refused("\x80\x04N.N.", 4, "2 bytes after the end");
  expect_refused("", 0, "the file ends before the pickle's STOP");
}

}  // namespace
}  // namespace vramlab
