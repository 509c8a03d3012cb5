#pragma once
// One declaration a verb; each is defined in the file of its name and stands in
// the table of registry.cpp.

#include "experiments/verb.h"

namespace vramlab {

extern const VerbInfo verb_replay;
extern const VerbInfo verb_plan;
extern const VerbInfo verb_run;
extern const VerbInfo verb_trace_info;
extern const VerbInfo verb_trace_convert;
extern const VerbInfo verb_trace_generate;
extern const VerbInfo verb_list;
extern const VerbInfo verb_swap_bound;
extern const VerbInfo verb_machine_list;
extern const VerbInfo verb_machine_show;
extern const VerbInfo verb_machine_probe;
extern const VerbInfo verb_config_show;
extern const VerbInfo verb_config_schema;
extern const VerbInfo verb_codec;
extern const VerbInfo verb_compress;
extern const VerbInfo verb_decompress;

}  // namespace vramlab
