#pragma once
// Plans as files: CSV with the columns that google/minimalloc writes and its validator reads,
//
//   id,lower,upper,size[,alignment][,gaps][,heap],offset
//
// alignment, gaps and heap only where the instance has them. Any order of columns and rows is read, and the other names
// of traces/buffer_rows.h, so that anyone's plan can be checked.

#include <cstddef>
#include <span>
#include <string>

#include "engine/core/instance.h"

namespace vramlab {

/// REQUIRES: the plan has an offset for each buffer; names without commas and line ends (those of files have none).
std::string plan_to_csv(const Instance& instance, const Plan& plan);

/// What a file says about an instance.
struct PlanFile {
  Plan plan;            ///< peaks are those of its offsets; solver is the file's name
  std::string mistake;  ///< how the rows disagree with the instance: the first one found; "" when they agree
};

/// Buffers are told by id and must agree in lifetime and size; a heap by its name. Whether the plan is valid is for
/// check_plan() to say, where there is no mistake. Throws TraceError with the line for what is no file of a plan.
PlanFile read_plan_csv(std::span<const std::byte> bytes, const std::string& name, const Instance& instance);

}  // namespace vramlab
