#pragma once
// The kinds of pictures, told by the ending of a file's name.

#include <memory>
#include <string>

#include "engine/replay/picture.h"
#include "engine/replay/picture_canvas.h"

namespace vramlab {

using MakeCanvas = std::unique_ptr<Canvas> (*)(const PictureSize& size, const std::string& title);

/// The canvas for the path's ending: .svg or .png. Throws ConfigError for another one.
MakeCanvas canvas_for(const std::string& path);

}  // namespace vramlab
