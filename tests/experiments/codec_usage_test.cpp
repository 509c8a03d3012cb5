// codec, compress and decompress used wrongly: one line on stderr, nothing on stdout, the exit code of the contract.

#include <gmock/gmock.h>

#include "run_program.h"
#include "traces/tensors/npy.h"

namespace vramlab::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

struct Wrong {
  std::vector<std::string> arguments;
  int exit_code;
  std::string says;
};

const std::vector<Wrong> wrongs{
    {{"codec"}, 2, "FILE is required"},
    {{"codec", "missing.npy"}, 2, "missing.npy"},
    {{"codec", "text.npy"}, 2, "neither .npy nor .safetensors"},
    {{"codec", "w.npy", "--mode", "lossles"}, 2, "did you mean 'lossless'"},
    {{"codec", "w.npy", "--preset", "dens"}, 2, "did you mean 'dense'"},
    {{"codec", "w.npy", "--preset", ""}, 2, "no preset is named"},
    {{"codec", "w.npy", "--error", "0"}, 2, "'0' is not a positive number"},
    {{"codec", "w.npy", "--error", "inf"}, 2, "'inf' is not a positive number"},
    {{"codec", "w.npy", "--error", "1e-3,small"}, 2, "'small' is not a positive number"},
    {{"codec", "w.npy", "--mode", "lossless", "--error", "1"}, 2, "mean nothing in lossless mode"},
    {{"codec", "w.npy", "--dtype", "bf61"}, 2, "dtype 'bf61'"},
    {{"codec", "w.npy", "--dtype", "bf16"}, 2, "no tensor of w.npy can be bfloat16"},
    {{"codec", "w.npy", "--device", "gpu"}, 2, "gpu"},
    {{"codec", "w.npy", "--device", "cuda"}, 3, "CUDA device"},
    {{"codec", "w.npy", "--tile", "big"}, 2, "big"},
    {{"codec", "w.npy", "--tile", "unlimited"}, 2, "--tile"},
    {{"codec", "w.npy", "--out", "nowhere/w.vlp"}, 2, "no folder 'nowhere'"},
    {{"codec", "w.npy", "--repeat", "0"}, 2, "repeat"},
    {{"compress", "w.npy"}, 2, "OUT is required"},
    {{"compress", "missing.npy", "o.vlp"}, 2, "missing.npy"},
    {{"compress", "empty", "o.vlp"}, 2, "holds no .safetensors"},
    {{"compress", "w.npy", "nowhere/o.vlp"}, 2, "no folder 'nowhere'"},
    {{"compress", "w.npy", "empty"}, 2, "is a folder"},
    {{"compress", "w.npy", "o.vlp", "--preset", "all"}, 2, "one preset and one error"},
    {{"compress", "w.npy", "o.vlp", "--error", "1e-3,1e-4"}, 2, "one preset and one error"},
    {{"decompress", "w.npy", "o.npy"}, 2, "w.npy"},
    {{"decompress", "text.npy", "o.npy"}, 2, "text.npy"},
    {{"decompress", "missing.vlp", "o.npy"}, 2, "missing.vlp"},
};

TEST(CodecUsage, AGpuWritesTheVerySameStreams) {
  const ScratchFolder scratch;
  const std::vector<std::uint64_t> shape{10, 1000}, one{1};
  std::string values(40'000, 'w');
  for (std::size_t i = 0; i < values.size(); i += 4) values[i] = static_cast<char>(i * i / 16 % 251);
  write_file(scratch / "w.npy", npy_header(ElementType::float32, shape) + values);
  write_file(scratch / "d.npy", npy_header(ElementType::float64, one) + "8 bytes!");
  const auto pack = [&](const std::string& file, const std::string& device) {
    return run_program({"codec", file, "--error", "1e-3", "--preset", "all", "--repeat", "1", "--tile", "1MB",
                        "--device", device, "--out", device},
                       {{}, scratch.path()});
  };
  const Ran gpu = pack("w.npy", "cuda");
  if (gpu.exit_code == 3) GTEST_SKIP() << "no CUDA device here: " << gpu.err;
  ASSERT_EQ(gpu.exit_code, 0) << gpu.err;
  ASSERT_EQ(pack("w.npy", "cpu").exit_code, 0);
  for (const std::string kind : {"lossless-fast", "lossless-dense", "bound-0.001-fast", "bound-0.001-dense"}) {
    EXPECT_NE(read_file(scratch / ("cpu-w-" + kind)), "") << kind;
    EXPECT_EQ(read_file(scratch / ("cuda-w-" + kind)), read_file(scratch / ("cpu-w-" + kind))) << kind;
  }
  const Ran refused = pack("d.npy", "cuda");
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("d.npy: values of up to 4 bytes are packed on a GPU, not float64"));
}

TEST(CodecUsage, WrongUseIsOneLineWithItsExitCode) {
  const ScratchFolder scratch;
  const std::vector<std::uint64_t> shape{100};
  write_file(scratch / "w.npy", npy_header(ElementType::float32, shape) + std::string(400, 'w'));
  write_file(scratch / "text.npy", "this is a text, and long enough to look into");
  std::filesystem::create_directory(scratch / "empty");
  for (const Wrong& wrong : wrongs) {
    const Ran ran = run_program(wrong.arguments, {{{"CUDA_VISIBLE_DEVICES", ""}}, scratch.path()});
    EXPECT_EQ(ran.exit_code, wrong.exit_code) << ran.err;
    EXPECT_EQ(ran.out, "") << wrong.says;
    EXPECT_EQ(count_lines(ran.err), 1u) << ran.err;
    EXPECT_THAT(ran.err, StartsWith("vramlab: error: "));
    EXPECT_THAT(ran.err, HasSubstr(wrong.says));
  }
  const Ran no_gpu =
      run_program({"codec", "w.npy", "--device", "cuda"}, {{{"CUDA_VISIBLE_DEVICES", ""}}, scratch.path()});
  EXPECT_THAT(no_gpu.err, Not(HasSubstr("--device sim")));  // which this verb has not
  EXPECT_FALSE(std::filesystem::exists(scratch / "o.vlp"));
  EXPECT_FALSE(std::filesystem::exists(scratch / "o.npy"));
}

}  // namespace
}  // namespace vramlab::test
