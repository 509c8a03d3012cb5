#pragma once
// Integers and rationals of any size (Boost.Multiprecision, without expression templates: `auto` holds a value).

#include <boost/multiprecision/cpp_int.hpp>

namespace vramlab::padic {

using Integer = boost::multiprecision::number<boost::multiprecision::cpp_int_backend<>, boost::multiprecision::et_off>;
using Rational =
    boost::multiprecision::number<boost::multiprecision::cpp_rational_backend, boost::multiprecision::et_off>;

}  // namespace vramlab::padic
