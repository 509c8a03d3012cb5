#pragma once

namespace vramlab {

/// For products of two 64-bit numbers: bytes times nanoseconds.
__extension__ typedef unsigned __int128 Wide;

}  // namespace vramlab
