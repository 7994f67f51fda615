#include "common/mail/media_type.h"

#include <algorithm>
#include <optional>

#include "common/base/status_macros.h"
#include "common/base/text.h"

namespace postern::mail {

namespace {

absl::Status Broken(std::string_view body, std::string_view rule) {
  return base::Error(absl::StatusCode::kInvalidArgument, "\"",
                     base::Printable(base::Trim(body), 80), "\" ", rule);
}

bool IsPrintable(char c) {
  return c > ' ' && c <= '~';
}

bool IsTokenByte(char c) {
  return IsPrintable(c) && std::string_view("()<>@,;:\\\"/[]?=").find(c) == std::string_view::npos;
}

bool IsBoundaryByte(char c) {
  return base::IsLetterOrDigit(c) ||
         std::string_view("'()+_,-./:=? ").find(c) != std::string_view::npos;
}

bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// Reads a structured field from left to right.
class FieldReader {
 public:
  explicit FieldReader(std::string_view text) : rest_(text) {}

  // Passes over blanks, folds and comments; false when a comment does not end.
  bool Skip() {
    while (!rest_.empty()) {
      if (IsBlank(rest_.front())) {
        rest_.remove_prefix(1);
      } else if (rest_.front() != '(') {
        return true;
      } else if (!SkipComment()) {
        return false;
      }
    }
    return true;
  }

  bool Take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::string_view Token() { return TakeWhile(IsTokenByte); }

  // A quoted string without its quotes; or what stands there without any, which many write although
  // it has bytes that should be quoted.
  std::optional<std::string> Value() {
    if (Take('"')) return Quoted();
    const std::string_view plain = TakeWhile([](char c) {
      return IsPrintable(c) && std::string_view(";\"()").find(c) == std::string_view::npos;
    });
    if (plain.empty()) return std::nullopt;
    return std::string(plain);
  }

  std::string_view rest() const { return rest_; }

 private:
  template <typename Predicate>
  std::string_view TakeWhile(Predicate predicate) {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), predicate);
    const std::string_view taken = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(taken.size());
    return taken;
  }

  bool SkipComment() {
    std::size_t depth = 0;
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(c == '\\' ? std::min<std::size_t>(2, rest_.size()) : 1);
      if (c == '(' && ++depth > kCommentDepthMax) return false;
      if (c == ')' && --depth == 0) return true;
    }
    return false;
  }

  std::optional<std::string> Quoted() {
    std::string out;
    while (!rest_.empty() && rest_.front() != '"') {
      if (rest_.front() == '\\') rest_.remove_prefix(1);
      if (rest_.empty()) return std::nullopt;
      out.push_back(rest_.front());
      rest_.remove_prefix(1);
    }
    if (!Take('"')) return std::nullopt;
    return out;
  }

  std::string_view rest_;
};

absl::Status CheckBoundary(std::string_view boundary) {
  if (boundary.empty() || boundary.size() > kBoundaryBytesMax) {
    return Broken(boundary, "as a boundary must have 1 to 70 bytes");
  }
  if (!std::all_of(boundary.begin(), boundary.end(), IsBoundaryByte) || boundary.back() == ' ') {
    return Broken(boundary,
                  "as a boundary must have letters, digits and '()+_,-./:=? only, no blank last");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<MediaType> ParseMediaType(std::string_view body) {
  const absl::Status broken = Broken(body, "as content-type must be type/subtype");
  FieldReader reader(body);
  if (!reader.Skip()) return broken;
  const std::string_view type = reader.Token();
  if (type.empty() || !reader.Skip() || !reader.Take('/') || !reader.Skip()) return broken;
  const std::string_view subtype = reader.Token();
  if (subtype.empty() || !reader.Skip()) return broken;
  if (!reader.rest().empty() && !reader.rest().starts_with(';')) return broken;
  MediaType media;
  media.name = base::LowerAscii(base::Cat(type, "/", subtype));
  media.parameters = reader.rest();
  return media;
}

absl::StatusOr<std::string> BoundaryOf(std::string_view parameters) {
  const absl::Status broken = Broken(parameters, "must be a list of name=value");
  FieldReader reader(parameters);
  std::optional<std::string> boundary;
  while (true) {
    if (!reader.Skip()) return broken;
    if (reader.rest().empty()) break;
    if (!reader.Take(';') || !reader.Skip()) return broken;
    if (reader.rest().empty()) break;
    const std::string_view name = reader.Token();
    if (name.empty() || !reader.Skip() || !reader.Take('=') || !reader.Skip()) return broken;
    std::optional<std::string> value = reader.Value();
    if (!value) return broken;
    // RFC 2231 has other ways to write it, and readers differ in whether they know them.
    if (base::StartsWithIgnoreCase(name, "boundary*")) {
      return Broken(parameters, "must have its boundary in one piece");
    }
    if (!base::EqualsIgnoreCase(name, "boundary")) continue;
    if (boundary) return Broken(parameters, "must have one boundary");
    boundary = std::move(value);
  }
  if (!boundary) return absl::InvalidArgumentError("a multipart must have a boundary");
  POSTERN_RETURN_IF_ERROR(CheckBoundary(*boundary));
  return *std::move(boundary);
}

absl::StatusOr<std::string> ParseToken(std::string_view body) {
  FieldReader reader(body);
  std::string token;
  if (reader.Skip()) token = base::LowerAscii(reader.Token());
  if (token.empty() || !reader.Skip() || !reader.rest().empty()) {
    return Broken(body, "must be one token");
  }
  return token;
}

}  // namespace postern::mail
