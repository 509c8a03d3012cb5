#include "engine/replay/svg.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cctype>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace vramlab {
namespace {

/// Walks over the document's tags and throws where one is not closed, as far as our writer's XML goes.
void expect_nested(const std::string& svg) {
  std::vector<std::string> open;
  const std::regex tag(R"(<(/?)([a-z?]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(/|\?)?>)");
  std::size_t tags = 0;
  for (std::sregex_iterator i(svg.begin(), svg.end(), tag), end; i != end; ++i, ++tags) {
    const std::smatch& match = *i;
    if (match[2] == "?xml" || match[4] == "/") continue;
    if (match[1] == "/") {
      ASSERT_FALSE(open.empty());
      ASSERT_EQ(open.back(), match[2]);
      open.pop_back();
    } else {
      open.push_back(match[2]);
    }
  }
  EXPECT_TRUE(open.empty());
  EXPECT_EQ(tags, static_cast<std::size_t>(std::count(svg.begin(), svg.end(), '<')));
}

/// Reads path data of m, h and v commands. Calls box(x, y, width, height) for "m h v h", and line() for "m v".
class PathReader {
 public:
  PathReader(const std::string& data, ToneGrid& grid, std::uint8_t tone) : in_(data), grid_(grid), tone_(tone) {}

  void read() {
    for (char command = 0; in_ >> command;) {
      ASSERT_EQ(command, 'm');
      x_ += number();
      y_ += number();
      read_shape();
    }
  }

 private:
  int number() {
    int value = 0;
    in_ >> value;
    return value;
  }

  void read_shape() {
    int width = 1;
    const bool box = in_.peek() == 'h';
    if (box) {
      in_.get();
      width = number();
    }
    ASSERT_EQ(in_.get(), 'v');
    const int height = number();
    for (int column = x_; column < x_ + width; ++column)
      for (int row = y_; row < y_ + height; ++row) {
        EXPECT_EQ(grid_.at(column, row), 0) << "drawn twice";
        grid_.at(column, row) = tone_;
      }
    y_ += height;
    if (!box) return;
    ASSERT_EQ(in_.get(), 'h');
    ASSERT_EQ(number(), -width);
  }

  std::istringstream in_;
  ToneGrid& grid_;
  std::uint8_t tone_;
  int x_ = 0, y_ = 0;
};

ToneGrid empty_grid(int columns, int rows) {
  ToneGrid grid{columns, rows, 1, {}};
  grid.tones.resize(static_cast<std::size_t>(columns) * static_cast<std::size_t>(rows));
  return grid;
}

const std::vector<Color> three_colors{white, {1, 0, 0}, {2, 0, 0}, {3, 0, 0}};

/// What the paths of a document with these colours cover.
ToneGrid drawn_tones(const std::string& svg, int columns, int rows) {
  ToneGrid grid = empty_grid(columns, rows);
  const std::regex path(R"~((?:fill|stroke)="#0([1-3])0000" d="([^"]*)")~");
  for (std::sregex_iterator i(svg.begin(), svg.end(), path), end; i != end; ++i)
    PathReader((*i)[2], grid, static_cast<std::uint8_t>(std::stoi((*i)[1]))).read();
  return grid;
}

TEST(XmlText, EscapesMarkup) { EXPECT_EQ(xml_text("a<b & \"c\">"), "a&lt;b &amp; &quot;c&quot;&gt;"); }

TEST(XmlText, KeepsUtf8AndReplacesWhatXmlDoesNotAllow) {
  EXPECT_EQ(xml_text("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"), "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
  EXPECT_EQ(xml_text("\x01\x1f\xff"), "???");
  EXPECT_EQ(xml_text("\xed\xa0\x80"), "???") << "half a surrogate pair";
  EXPECT_EQ(xml_text("\xc0\xaf"), "??") << "overlong";
  EXPECT_EQ(xml_text("x\xe2\x82"), "x??") << "cut off";
}

RC_GTEST_PROP(SvgTones, CoverEveryCellOnceWithItsTone, ()) {
  const int columns = *rc::gen::inRange(1, 20), rows = *rc::gen::inRange(1, 20);
  ToneGrid grid = empty_grid(columns, rows);
  grid.tones = *rc::gen::container<std::vector<std::uint8_t>>(grid.tones.size(), rc::gen::inRange<std::uint8_t>(0, 4));
  SvgCanvas canvas(columns, rows, "tones");
  canvas.tones({0, 0}, grid, three_colors);
  RC_ASSERT(drawn_tones(canvas.encode(), columns, rows).tones == grid.tones);
}

TEST(SvgTones, JoinColumnsThatAgree) {
  ToneGrid grid = empty_grid(100, 50);
  for (int column = 10; column < 90; ++column)
    for (int row = 5; row < 8; ++row) grid.at(column, row) = 2;
  const std::vector<ToneRun> runs = runs_of(grid);
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_EQ(runs[0].box.x, 10);
  EXPECT_EQ(runs[0].box.width, 80);
  EXPECT_EQ(runs[0].box.height, 3);
}

TEST(SvgCanvas, WritesNestedTagsWhateverTheTextIs) {
  SvgCanvas canvas(100, 100, "<title> & \"quotes\" \x02");
  canvas.fill({1, 2, 3, 4}, white);
  canvas.text({5, 5}, "</text><script>", white, Anchor::end);
  const std::vector<Box> boxes{{1, 1, 5, 5}, {10, 1, 4, 7}};
  canvas.blocks(boxes, white, Color{});
  canvas.block(boxes[0], white, Color{}, "a & b");
  const std::vector<Point> points{{0, 0}, {5, 9}, {7, 3}};
  canvas.line(points, Color{}, 2, LineStyle::dashed);
  const std::string svg = canvas.encode();
  expect_nested(svg);
  EXPECT_EQ(svg.find("<script"), std::string::npos);
  EXPECT_NE(svg.find("<title>a &amp; b</title>"), std::string::npos);
  EXPECT_NE(svg.find("m1 1h4v4h-4zm9 0h3v6h-3z"), std::string::npos);
  EXPECT_NE(svg.find("m0 0l5 9l2-6"), std::string::npos);
}

}  // namespace
}  // namespace vramlab
