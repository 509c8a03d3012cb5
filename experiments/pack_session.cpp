#include "experiments/pack_session.h"

#include <fmt/format.h>

#include <filesystem>

#include "experiments/progress.h"
#include "experiments/tensor_input.h"
#include "traces/tensors/file_name.h"
#include "traces/tensors/packed_file.h"

namespace vramlab {
namespace {

/// What goes into one .vlp.
struct Sources {
  bool folder = false;
  std::vector<std::string> tensor_files, other_files;  ///< paths
};

Sources sources_of(const std::string& in) {
  if (!std::filesystem::is_directory(in)) return {false, {in}, {}};
  const auto within = [&in](const std::vector<std::string>& names) {
    std::vector<std::string> paths;
    for (const std::string& name : names) paths.push_back((std::filesystem::path(in) / name).string());
    return paths;
  };
  const TensorFolder found = tensor_folder(in);
  return {true, within(found.tensor_files), within(found.other_files)};
}

class Packing {
 public:
  Packing(const std::string& out, bool folder, const PackArguments& arguments)
      : options_(chosen_packing(arguments)), dtype_(given_dtype(arguments.dtype)), writer_(out, folder) {}

  void add_tensor_file(const std::string& path) {
    const TensorFile file = TensorFile::open(path);
    bar_.restart(fmt::format("packing {}", file.name()));
    writer_.begin_file(is_plain_file_name(file.name()) ? file.name() : "tensors", file.header());
    std::uint64_t bytes = file.header().size(), all = bytes;
    for (const StoredTensor& tensor : file.tensors()) all += tensor.bytes();
    for (const InputTensor& input : input_tensors(file, dtype_)) {
      add_tensor(file.name(), input);
      bar_.update(static_cast<double>(bytes += input.bytes.size()) / static_cast<double>(all));
    }
    done_.raw_bytes += all;
  }

  void add_other_file(const std::string& path) {
    const InputFile file = InputFile::open(path);
    writer_.begin_file(file.name(), file.bytes());
    done_.raw_bytes += file.bytes().size();
  }

  PackingDone finish(const std::string& out) {
    writer_.commit();
    done_.compressed_bytes = std::filesystem::file_size(out);
    return std::move(done_);
  }

 private:
  void add_tensor(const std::string& file, const InputTensor& input) {
    const padic::CodecOptions options = packing_for(input.type, options_);
    std::vector<std::byte> stream, back(input.bytes.size());
    TensorDifference difference;
    if (!back.empty()) {
      stream = padic::compress(input.view(), options);
      padic::decompress(stream, back, options.threads);
      difference = compare_values(input.type, input.bytes, back);
      check_promise(difference, options, fmt::format("{} {}", file, input.stored->name));
    }
    PackedTensor packed{.name = input.stored->name,
                        .type = input.type,
                        .stored_as = input.stored->stored_as,
                        .shape = input.stored->shape,
                        .raw_bytes = back.size(),
                        .checksum = values_checksum(back),
                        .stream = {}};
    done_.tensors.push_back({file, packed.name, packed.type, packed.shape, std::string(mode_name(options.mode)),
                             back.size(), stream.size(), difference});
    writer_.add(std::move(packed), stream);
  }

  padic::CodecOptions options_;
  std::optional<ElementType> dtype_;
  PackedWriter writer_;
  ProgressBar bar_{"packing"};
  PackingDone done_;
};

}  // namespace

PackingDone pack_files(const std::string& in, const std::string& out, const PackArguments& arguments) {
  const Sources sources = sources_of(in);
  Packing packing(out, sources.folder, arguments);
  for (const std::string& path : sources.tensor_files) packing.add_tensor_file(path);
  for (const std::string& path : sources.other_files) packing.add_other_file(path);
  return packing.finish(out);
}

}  // namespace vramlab
