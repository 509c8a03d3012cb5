#include "traces/pickle.h"

#include <gmock/gmock.h>

#include <limits>
#include <string>
#include <vector>

#include "files.h"
#include "pickle_writer.h"

namespace vramlab {
namespace {

using pickle::Dict;
using pickle::Input;
using pickle::List;
using pickle::Pickle;
using pickle::Value;
using pickle::Word;
using test::bytes_of;
using test::Py;
using Kind = Value::Kind;
using Constant = Value::Constant;

constexpr auto words = std::to_array<std::string_view>({"a", "bb", "key", "action", "size", "sizes", "zz", "x0", "x1"});
constexpr pickle::Vocabulary vocabulary{words};
constexpr Word a = 1, bb = 2, key = 3, action = 4;

class PickleOfProtocol : public ::testing::TestWithParam<int> {
 protected:
  Value root(const Py& py) {
    bytes_ = test::pickled(py, GetParam());
    input_ = {bytes_of(bytes_), "x.pickle"};
    pickle_ = std::make_unique<Pickle>(input_, vocabulary);
    return pickle_->root();
  }
  std::string text(Value value) const { return std::string(input_.text(value)); }

  std::string bytes_;
  Input input_;
  std::unique_ptr<Pickle> pickle_;
};

INSTANTIATE_TEST_SUITE_P(EveryProtocol, PickleOfProtocol, ::testing::Values(2, 3, 4, 5));

TEST_P(PickleOfProtocol, IntegersKeepTheirValueAtEveryEdge) {
  for (int bits = 0; bits < 61; ++bits) {
    for (int near = -1; near <= 1; ++near) {
      const std::int64_t n = (std::int64_t{1} << bits) + near;
      if (!Value::fits_inside(n)) continue;
      ASSERT_EQ(root(n).kind(), Kind::integer) << n;
      EXPECT_EQ(root(n).as_integer(), n);
      EXPECT_EQ(root(-n).as_integer(), -n);
    }
  }
}

TEST_P(PickleOfProtocol, IntegersBeyond61BitsKeepTheirSignAndMagnitude) {
  for (const std::uint64_t n : {std::uint64_t{1} << 60, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    const Value v = root(Py::wide(n));
    ASSERT_EQ(v.kind(), Kind::wide);
    EXPECT_EQ(v.as_wide().magnitude, n);
    EXPECT_FALSE(v.as_wide().negative);
  }
  const Value least = root(std::numeric_limits<std::int64_t>::min());
  ASSERT_EQ(least.kind(), Kind::wide);
  EXPECT_EQ(least.as_wide().magnitude, std::uint64_t{1} << 63);
  EXPECT_TRUE(least.as_wide().negative);
}

TEST_P(PickleOfProtocol, ConstantsNumbersAndTextsKeepTheirKind) {
  EXPECT_TRUE(root({}).is(Constant::none));
  EXPECT_TRUE(root(true).is(Constant::yes));
  EXPECT_TRUE(root(false).is(Constant::no));
  EXPECT_TRUE(root(Py::tuple({})).is(Constant::tuple));
  EXPECT_TRUE(root(Py::tuple({1})).is(Constant::tuple));
  EXPECT_TRUE(root(Py::tuple({1, 2, 3})).is(Constant::tuple));
  EXPECT_TRUE(root(Py::tuple({1, 2, 3, 4, 5})).is(Constant::tuple));
  EXPECT_EQ(root(0.8).as_real(), 0.8);
  EXPECT_EQ(root(-1e300).as_real(), -1e300);
  EXPECT_EQ(text(root("")), "");
  EXPECT_EQ(text(root("not a word")), "not a word");
  const std::string long_text(70'000, 'x');
  EXPECT_EQ(text(root(long_text)), long_text);
}

TEST_P(PickleOfProtocol, WordsAreToldFromAllOtherTexts) {
  for (std::size_t i = 0; i < words.size(); ++i) EXPECT_EQ(root(std::string(words[i])).word(), i + 1);
  for (const char* other : {"", "b", "siz", "sizes ", "actioN", "keykey"}) EXPECT_EQ(root(other).word(), 0) << other;
  EXPECT_EQ(root(1).word(), 0);
}

TEST_P(PickleOfProtocol, DictionariesKeepThePairsWithKnownKeys) {
  const Dict& dict = root(Py::dict({{"unknown", 1}, {"key", 2}, {3, 4}, {"a", "text"}, {Py::tuple({}), 5}})).as_dict();
  EXPECT_EQ(dict.get(key).as_integer(), 2);
  EXPECT_EQ(text(dict.get(a)), "text");
  EXPECT_TRUE(dict.get(bb).absent());
  EXPECT_EQ(dict.keys, Dict::bit(key) | Dict::bit(a));
}

TEST_P(PickleOfProtocol, ALaterPairWithTheSameKeyWins) {
  EXPECT_EQ(root(Py::dict({{"a", 1}, {"key", 7}, {"a", 2}})).as_dict().get(a).as_integer(), 2);
}

TEST_P(PickleOfProtocol, ListsOfManyBatchesKeepEveryItemInOrder) {
  Py list = Py::list();
  for (int i = 0; i < 12'345; ++i) list.items().push_back(i);
  const List& read = root(list).as_list();
  ASSERT_EQ(read.size, 12'345u);
  for (int i = 0; i < 12'345; ++i) ASSERT_EQ(read.items[i].as_integer(), i);
}

TEST_P(PickleOfProtocol, SharedContainersStayOne) {
  const Py shared = Py::list({1});
  const List& list = root(Py::list({shared, Py::dict({{"a", shared}}), shared})).as_list();
  EXPECT_EQ(&list.items[0].as_list(), &list.items[2].as_list());
  EXPECT_EQ(&list.items[0].as_list(), &list.items[1].as_dict().get(a).as_list());
}

TEST_P(PickleOfProtocol, AListMayHoldItself) {
  Py list = Py::list();
  list.items().push_back(list);
  const List& read = root(list).as_list();
  EXPECT_EQ(&read.items[0].as_list(), &read);
  list.items().clear();  // the cycle would never be freed
}

Value read(const std::string& bytes, std::unique_ptr<Pickle>& keep) {
  keep = std::make_unique<Pickle>(Input{bytes_of(bytes), "x.pickle"}, vocabulary);
  return keep->root();
}

/// Bytes with zeros in them.
template <std::size_t n>
std::string raw(const char (&bytes)[n]) {
  return std::string(bytes, n - 1);
}

TEST(Pickle, AStoredContainerSeesWhatIsAddedLater) {
  std::unique_ptr<Pickle> keep;
  // l = []; d = {}; l.append(d); l.append(d), through the memo; then d["a"] = 5 and l.append(d) once more
  const Value root = read(raw("\x80\x02]q\x00}q\x01"
                              "ah\x01"
                              "ah\x01"
                              "X\x01\x00\x00\x00"
                              "aK\x05s"
                              "a."),
                          keep);
  const List& list = root.as_list();
  ASSERT_EQ(list.size, 3u);
  EXPECT_EQ(list.items[0].as_dict().get(a).as_integer(), 5);
  EXPECT_EQ(&list.items[0].as_dict(), &list.items[2].as_dict());
}

TEST(Pickle, KeysAddedOneByOneInAnyOrderKeepTheirValues) {
  std::vector<std::size_t> order(words.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = (i * 4 + 7) % order.size();
  std::string bytes = "\x80\x04}";
  for (const std::size_t i : order) {
    bytes += '\x8c' + std::string(1, static_cast<char>(words[i].size())) + std::string(words[i]);
    bytes += 'K' + std::string(1, static_cast<char>(i)) + 's';
  }
  std::unique_ptr<Pickle> keep;
  bytes += '.';
  const Dict& dict = read(bytes, keep).as_dict();
  for (std::size_t i = 0; i < words.size(); ++i)
    EXPECT_EQ(dict.get(static_cast<Word>(i + 1)).as_integer(), static_cast<std::int64_t>(i));
}

TEST(Pickle, AMemoIndexMayBeStoredAnew) {
  std::unique_ptr<Pickle> keep;
  const Value root = read(raw("\x80\x02]K\x01q\x00"
                              "aK\x02q\x00"
                              "ah\x00"
                              "a."),
                          keep);
  EXPECT_EQ(root.as_list().items[2].as_integer(), 2);
}

/// Takes every list it is offered.
struct TakeAll : pickle::Taker {
  bool take(List&, std::span<const Value> items) override {
    for (const Value item : items) seen.push_back(item.as_dict().get(action).as_integer());
    return true;
  }
  std::vector<std::int64_t> seen;
};

Py many_dicts(int n) {
  Py list = Py::list();
  for (int i = 0; i < n; ++i) list.items().push_back(Py::dict({{"action", i}, {"other", "text"}}));
  return list;
}

TEST(Pickle, ATakerSeesEveryDictionaryOfAListInOrder) {
  TakeAll taker;
  const std::string bytes = test::pickled(many_dicts(2500));
  const Input input{bytes_of(bytes), "x"};
  const Pickle pickle(input, vocabulary, &taker);
  EXPECT_EQ(pickle.root().as_list().taken, 2500u);
  EXPECT_EQ(pickle.root().as_list().size, 0u);
  ASSERT_EQ(taker.seen.size(), 2500u);
  for (std::int64_t i = 0; i < 2500; ++i) ASSERT_EQ(taker.seen[static_cast<std::size_t>(i)], i);
}

TEST(Pickle, ATakerIsNotOfferedWhatIsSharedOrNoDictionary) {
  const Py shared = Py::dict({{"action", 1}});
  for (const Py& list : {Py::list({shared, shared}), Py::list({shared, 5}), Py::list({1, 2})}) {
    TakeAll taker;
    const std::string bytes = test::pickled(list);
    const Input input{bytes_of(bytes), "x"};
    const Pickle pickle(input, vocabulary, &taker);
    EXPECT_EQ(pickle.root().as_list().taken, 0u);
    EXPECT_EQ(pickle.root().as_list().size, 2u);
  }
}

TEST(Pickle, UsingATakenDictionaryAgainIsNoticed) {
  const Py list = many_dicts(3);
  const std::string bytes = test::pickled(Py::list({list, list.items()[1]}));
  TakeAll taker;
  const Input input{bytes_of(bytes), "x"};
  EXPECT_THROW(Pickle(input, vocabulary, &taker), pickle::TakenTooEarly);
  EXPECT_NO_THROW(Pickle(input, vocabulary));
}

TEST(Pickle, NestingOfAnyDepthIsRead) {
  constexpr std::size_t depth = 1'000'000;
  const std::string bytes = "\x80\x04" + std::string(depth, ']') + std::string(depth - 1, 'a') + ".";
  std::unique_ptr<Pickle> keep;
  Value value = read(bytes, keep);
  for (std::size_t i = 1; i < depth; ++i) value = value.as_list().items[0];
  EXPECT_EQ(value.as_list().size, 0u);
}

}  // namespace
}  // namespace vramlab
