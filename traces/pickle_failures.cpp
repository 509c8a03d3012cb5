// What the machine says when it refuses a pickle.

#include "engine/core/error.h"
#include "traces/pickle_machine.h"

namespace vramlab::pickle {

void Machine::fail(const std::string& what, const std::string& mend) const {
  throw TraceError(what, Where::at_byte(input_.name, op_offset()), mend);
}

void Machine::fail_truncated() const {
  fail(op_ == end_ ? "the file ends before the pickle's STOP" : "the file ends inside opcode " + std::string(op_name()),
       "the file is truncated: copy or record it again");
}

void Machine::fail_stack() const { fail("opcode " + std::string(op_name()) + " needs more values than there are"); }

void Machine::check_recall(std::uint64_t index, Value v) const {
  if (v.is(Value::Constant::taken)) throw TakenTooEarly();
  if (v.absent())
    fail("opcode " + std::string(op_name()) + " names memo " + std::to_string(index) + ", which was never stored");
}

std::string_view Machine::op_name() const { return opcode_name(*op_); }

void Machine::refuse() const {
  if (op_name().empty()) fail("byte value " + std::to_string(*op_) + " is no pickle opcode", "the file is corrupt");
  const std::string name = "opcode " + std::string(op_name());
  if (runs_code(*op_))
    fail(name + " would run code", "memory snapshots hold plain data only; do not load this file with Python");
  fail(name + " does not occur in memory snapshots", "write it with torch.cuda.memory._dump_snapshot");
}

}  // namespace vramlab::pickle
