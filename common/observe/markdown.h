// common/observe/markdown.h
//
// MarkdownOf: the manual page of metrics: name, type and prose of every family.

#pragma once

#include <string>

#include "common/observe/metrics.h"

namespace postern::observe {

std::string MarkdownOf(const Registry& registry);

}  // namespace postern::observe
