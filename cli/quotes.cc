#include "cli/quotes.h"

#include <algorithm>

#include "common/base/text.h"
#include "common/mail/utf8.h"

namespace postern::cli {

namespace {

constexpr std::string_view kSingleMarks[] = {"'", "\u2018", "\u2019", "\u201A", "\u201B"};
constexpr std::string_view kDoubleMarks[] = {"\"", "\u201C", "\u201D", "\u201E"};
constexpr std::string_view kDashes[] = {"-", "\u2013", "\u2014", "\u2015"};

template <std::size_t N>
std::size_t MarkAt(std::string_view text, const std::string_view (&marks)[N]) {
  for (const std::string_view mark : marks) {
    if (text.starts_with(mark)) return mark.size();
  }
  return 0;
}

absl::Status Broken(const auto&... rule) {
  return base::Error(absl::StatusCode::kInvalidArgument, rule...);
}

bool NameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == ':';
}

// "$..." inside "...": the three constants, or a "$" that stands for itself.
absl::StatusOr<Quoted> ReadVariable(std::string_view text) {
  const std::string_view name = text.substr(1, VariableNameAt(text));
  if (base::EqualsIgnoreCase(name, "true")) return Quoted{"True", 5};
  if (base::EqualsIgnoreCase(name, "false")) return Quoted{"False", 6};
  if (base::EqualsIgnoreCase(name, "null")) return Quoted{"", 5};
  if (!name.empty() || text.starts_with("$(") || text.starts_with("${")) {
    return Broken("variables are not known here: write the value itself in the place of $", name);
  }
  return Quoted{"$", 1};
}

}  // namespace

QuoteMark QuoteAt(std::string_view text) {
  if (const std::size_t bytes = MarkAt(text, kSingleMarks)) return {Quote::kSingle, bytes};
  if (const std::size_t bytes = MarkAt(text, kDoubleMarks)) return {Quote::kDouble, bytes};
  return {};
}

std::size_t DashAt(std::string_view text) {
  return MarkAt(text, kDashes);
}

std::size_t VariableNameAt(std::string_view text) {
  if (text.size() < 2 || text[0] != '$' || (text[1] >= '0' && text[1] <= '9')) return 0;
  const auto end = std::find_if_not(text.begin() + 1, text.end(), NameCharacter);
  return static_cast<std::size_t>(end - text.begin()) - 1;
}

Quoted ReadEscape(std::string_view text) {
  if (text.empty()) return {"", 0};
  constexpr std::string_view kLetters = "0abfnrtv";
  constexpr std::string_view kMeant("\0\a\b\f\n\r\t\v", 8);
  if (const auto known = kLetters.find(text[0]); known != std::string_view::npos) {
    return {std::string(kMeant.substr(known, 1)), 1};
  }
  const std::size_t bytes = std::max<std::size_t>(mail::Utf8CharacterBytes(text), 1);
  return {std::string(text.substr(0, bytes)), bytes};
}

absl::StatusOr<Quoted> ReadQuoted(std::string_view text) {
  const QuoteMark open = QuoteAt(text);
  Quoted out;
  std::size_t at = open.bytes;
  while (at < text.size()) {
    const std::string_view rest = text.substr(at);
    if (const QuoteMark mark = QuoteAt(rest); mark.kind == open.kind) {
      at += mark.bytes;
      const QuoteMark again = QuoteAt(text.substr(at));
      if (again.kind != open.kind) return Quoted{std::move(out.text), at};
      out.text.append(text.substr(at, again.bytes));
      at += again.bytes;
    } else if (open.kind == Quote::kDouble && rest[0] == '`') {
      const Quoted escape = ReadEscape(rest.substr(1));
      out.text += escape.text;
      at += 1 + escape.bytes;
    } else if (open.kind == Quote::kDouble && rest[0] == '$') {
      auto variable = ReadVariable(rest);
      if (!variable.ok()) return variable.status();
      out.text += variable->text;
      at += variable->bytes;
    } else {
      out.text.push_back(rest[0]);
      ++at;
    }
  }
  return Broken("the quote ", text.substr(0, open.bytes), " is not closed");
}

}  // namespace postern::cli
