#include "tests/support/string_body.h"

#include <algorithm>

namespace postern::testing {

namespace {
constexpr std::size_t kViewBytesMax = 256 * 1024;
}  // namespace

io::Task<absl::Status> StringBody::Rewind() {
  at_ = 0;
  co_return absl::OkStatus();
}

io::Task<absl::StatusOr<std::string_view>> StringBody::Next() {
  const std::string_view rest = std::string_view(*content_).substr(at_);
  const std::string_view view = rest.substr(0, std::min(rest.size(), kViewBytesMax));
  at_ += view.size();
  co_return view;
}

}  // namespace postern::testing
