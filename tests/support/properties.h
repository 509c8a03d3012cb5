#pragma once
// Properties that need more cases than RapidCheck's hundred, and draws that use their whole range in every case.

#include <rapidcheck.h>

#include <algorithm>
#include <iostream>
#include <utility>

namespace vramlab::testing {

/// As rc::check, with at least `cases` cases (RC_PARAMS can ask for more).
template <class Property>
bool holds_for(int cases, Property&& property) {
  rc::detail::TestParams params = rc::detail::configuration().testParams;
  params.maxSuccess = std::max(params.maxSuccess, cases);
  const auto result = rc::detail::checkTestable(std::forward<Property>(property), rc::detail::TestMetadata(), params);
  rc::detail::printResultMessage(result, std::cerr);
  std::cerr << std::endl;
  return result.template is<rc::detail::SuccessResult>();
}

/// From [low, high), all alike: rc::gen::inRange alone keeps near `low` in the first cases.
template <class Number>
Number pick(Number low, Number high) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<Number>(low, high));
}

inline bool pick_bool() { return pick(0, 2) == 1; }

}  // namespace vramlab::testing
