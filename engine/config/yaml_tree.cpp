#include "engine/config/yaml_tree.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>
#include <algorithm>
#include <sstream>
#include <tuple>

namespace vramlab {
namespace {

constexpr std::size_t max_depth = 100;

// Builds the tree from the parser's events: it sees every construct before anything is expanded or recursed into.
class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(YamlTree& tree) : tree_(tree) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    add(YamlNode::Kind::null, mark);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw at(mark, "aliases are not read", "write the value out");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_anchor(mark, anchor);
    const bool quoted = tag == "!";
    refuse_tag(mark, tag);
    YamlNode& node = tree_.nodes[add(YamlNode::Kind::scalar, mark)];
    node.quoted = quoted;
    node.text = value;
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::list, mark, tag, anchor);
  }
  void OnSequenceEnd() override { open_.pop_back(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::map, mark, tag, anchor);
  }
  void OnMapEnd() override {
    check_keys(tree_.nodes[open_.back()]);
    open_.pop_back();
  }

 private:
  ConfigError at(const YAML::Mark& mark, const std::string& what, const std::string& mend) const {
    return ConfigError(
        what, {tree_.file, static_cast<std::uint64_t>(mark.line) + 1, static_cast<std::uint64_t>(mark.column) + 1, {}},
        mend);
  }

  void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) const {
    if (anchor != YAML::NullAnchor) throw at(mark, "anchors are not read", "remove the &name");
  }
  // The parser tags plain scalars "?", quoted ones "!".
  void refuse_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (!tag.empty() && tag != "?" && tag != "!")
      throw at(mark, fmt::format("tags are not read, found {}", tag), "remove the tag");
  }

  std::uint32_t add(YamlNode::Kind kind, const YAML::Mark& mark) {
    const auto index = static_cast<std::uint32_t>(tree_.nodes.size());
    YamlNode node;
    node.kind = kind;
    // A missing value has no mark of its own: the parser says -1.
    node.line = static_cast<std::uint64_t>(std::max(mark.line, 0)) + 1;
    node.column = static_cast<std::uint64_t>(std::max(mark.column, 0)) + 1;
    tree_.nodes.push_back(std::move(node));
    if (!open_.empty()) tree_.nodes[open_.back()].items.push_back(index);
    return index;
  }

  void open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    if (open_.size() >= max_depth) throw at(mark, fmt::format("nested deeper than {} levels", max_depth), "");
    open_.push_back(add(kind, mark));
  }

  void check_keys(const YamlNode& map) const {
    std::vector<std::uint32_t> keys;
    for (std::size_t i = 0; i < map.items.size(); i += 2) keys.push_back(map.items[i]);
    for (std::uint32_t key : keys)
      if (tree_.nodes[key].kind != YamlNode::Kind::scalar)
        throw ConfigError("a key must be a plain word", tree_.where(tree_.nodes[key]));
    const auto text = [this](std::uint32_t key) -> const std::string& { return tree_.nodes[key].text; };
    std::sort(keys.begin(), keys.end(), [&](auto a, auto b) { return std::tie(text(a), a) < std::tie(text(b), b); });
    const auto twice = std::adjacent_find(keys.begin(), keys.end(), [&](auto a, auto b) { return text(a) == text(b); });
    if (twice == keys.end()) return;
    throw ConfigError(fmt::format("key '{}' stands twice", text(*twice)), tree_.where(tree_.nodes[*(twice + 1)]),
                      fmt::format("first at line {}", tree_.nodes[*twice].line));
  }

  YamlTree& tree_;
  std::vector<std::uint32_t> open_;
};

}  // namespace

std::unique_ptr<const YamlTree> parse_yaml_tree(std::string_view text, const std::string& file) {
  if (text.size() > max_yaml_bytes)
    throw ConfigError("the YAML is too large", Where{file, {}, {}, {}},
                      fmt::format("at most {} bytes are read", max_yaml_bytes));
  auto tree = std::make_unique<YamlTree>();
  tree->file = file;
  TreeBuilder builder(*tree);
  std::istringstream in{std::string(text)};
  try {
    YAML::Parser parser(in);
    if (!parser.HandleNextDocument(builder)) tree->nodes.push_back({.line = 1, .column = 1, .text = {}, .items = {}});
    const std::size_t first_document = tree->nodes.size();
    if (parser.HandleNextDocument(builder))
      throw ConfigError("a second document begins", tree->where(tree->nodes[first_document]), "write one document");
  } catch (const YAML::Exception& e) {
    throw ConfigError(e.msg, {file,
                              static_cast<std::uint64_t>(std::max(e.mark.line, 0)) + 1,
                              static_cast<std::uint64_t>(std::max(e.mark.column, 0)) + 1,
                              {}});
  }
  return tree;
}

}  // namespace vramlab
