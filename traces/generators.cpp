// The registry of generators: declare, then list. traces/generate_NAME.cpp defines each.

#include <array>

#include "traces/generate.h"

namespace vramlab {

GeneratorInfo uniform_generator();
GeneratorInfo lognormal_generator();
GeneratorInfo transformer_generator();
GeneratorInfo cnn_generator();
GeneratorInfo variable_length_generator();
GeneratorInfo moe_generator();
GeneratorInfo fragmenter_generator();

std::span<const GeneratorInfo> generators() {
  static const std::array table{
      uniform_generator(),         lognormal_generator(), transformer_generator(), cnn_generator(),
      variable_length_generator(), moe_generator(),       fragmenter_generator(),
  };
  return table;
}

Trace generate_trace(const GeneratorInfo& generator, const GenerateRequest& request) {
  Trace whole;
  generator.generate(request, [&whole](Trace&& part) { append_part(whole, std::move(part)); });
  return whole;
}

}  // namespace vramlab
