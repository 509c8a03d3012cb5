#include "traces/snapshot_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "traces/pickle.h"
#include "traces/snapshot_history.h"
#include "traces/snapshot_settings.h"

namespace vramlab::snapshot {
namespace {

using pickle::Dict;
using pickle::List;
using pickle::Value;

constexpr std::size_t max_devices = 1024;
constexpr std::uint64_t bytes_per_entry = 56;  // at least, as PyTorch writes them: decides only what is reserved

class Reader : public pickle::Taker {
 public:
  Reader(std::span<const std::byte> bytes, const std::string& name)
      : input_{bytes, name}, fields_(input_), stacks_(fields_) {}

  std::vector<Trace> read(Way way) {
    const pickle::Pickle pickle(input_, vocabulary, way == Way::streamed ? this : nullptr);
    if (pickle.root().kind() != Value::Kind::dict)
      fields_.fail(0, "the pickle is not a dictionary, so no memory snapshot");
    const Dict& root = pickle.root().as_dict();
    read_histories(whole(fields_.list(root, Key::device_traces)));
    if (fields_.has(root, Key::segments)) read_segments(whole(fields_.list(root, Key::segments)));
    return finish(read_settings(fields_, root));
  }

  /// A list of dictionaries with an action is taken for a history; where it turns out to be none, its events are
  /// dropped with it.
  bool take(List& list, std::span<const Value> items) override {
    const auto is_entry = [](Value item) { return (item.as_dict().keys & Dict::bit(word(Key::action))) != 0; };
    if (!std::all_of(items.begin(), items.end(), is_entry)) return false;
    if (list.taken == 0) {
      if (taken_.size() == max_devices) return false;
      taken_.push_back(std::make_unique<History>(fields_));
      list.note = static_cast<std::uint32_t>(taken_.size());
      if (taken_.size() == 1) taken_[0]->reserve((input_.bytes.size() - list.offset) / bytes_per_entry);
    }
    History& history = *taken_[list.note - 1];
    for (const Value item : items) history.add(item.as_dict());
    return true;
  }

 private:
  void read_histories(const List& devices) {
    if (devices.size > max_devices) fields_.fail(devices.offset, fmt::format("more than {} devices", max_devices));
    for (const Value item : devices) histories_.push_back(history(fields_.list_item(devices, item, "'device_traces'")));
    if (std::none_of(histories_.begin(), histories_.end(), [](const auto& history) { return history != nullptr; }))
      fields_.fail(devices.offset, "no history was recorded",
                   "call torch.cuda.memory._record_memory_history() before the work, then _dump_snapshot()");
  }

  /// Null for a device without entries.
  std::unique_ptr<History> history(const List& list) {
    if (list.taken + list.size == 0) return nullptr;
    std::unique_ptr<History> history;
    if (list.taken != 0)
      history = std::move(taken_[list.note - 1]);
    else
      history = std::make_unique<History>(fields_);
    if (!history) throw pickle::TakenTooEarly();  // one list stands for two devices
    spend(list);
    for (const Value item : list) history->add(fields_.dict_item(list, item, "a history"));
    return history;
  }

  void read_segments(const List& segments) {
    spend(segments);
    for (const Value item : segments) {
      const Dict& segment = fields_.dict_item(segments, item, "'segments'");
      const std::uint64_t device = fields_.number(segment, Key::device);
      if (device >= histories_.size() || !histories_[device]) continue;
      spend(fields_.list(segment, Key::blocks));
      histories_[device]->exists_at_end(segment);
    }
  }

  /// Lists that a pickle shares could be many times longer than the file, which would take time and memory to match.
  void spend(const List& list) {
    spent_ += list.size;
    if (spent_ > input_.bytes.size()) fields_.fail(list.offset, "lists share more items than the file has bytes");
  }

  std::vector<Trace> finish(const std::vector<std::pair<std::string, std::string>>& settings) {
    std::vector<Trace> traces;
    for (std::size_t device = 0; device < histories_.size(); ++device) {
      if (!histories_[device]) continue;
      Trace& trace = traces.emplace_back(histories_[device]->finish(stacks_));
      histories_[device].reset();
      trace.name = device == 0 ? input_.name : fmt::format("{}#{}", input_.name, device);
      trace.format = "snapshot";
      trace.settings = settings;
    }
    return traces;
  }

  pickle::Input input_;
  Fields fields_;
  StackTable stacks_;
  std::vector<std::unique_ptr<History>> taken_;      ///< by List::note - 1
  std::vector<std::unique_ptr<History>> histories_;  ///< by device
  std::uint64_t spent_ = 0;
};

}  // namespace

std::vector<Trace> read(std::span<const std::byte> bytes, const std::string& name, Way way) {
  return Reader(bytes, name).read(way);
}

}  // namespace vramlab::snapshot
