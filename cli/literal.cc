#include "cli/literal.h"

#include <algorithm>
#include <optional>

#include "cli/quotes.h"
#include "common/base/text.h"

namespace postern::cli {

namespace {

constexpr std::string_view kEditsRule =
    "@{...} holds lists to add and to remove: @{Add='a','b'; Remove='c'}, the whole in quotes on a "
    "command line";

absl::Status Broken(const auto&... rule) {
  return base::Error(absl::StatusCode::kInvalidArgument, rule...);
}

std::size_t SpacesAt(std::string_view text) {
  return std::min(text.find_first_not_of(" \t\r\n"), text.size());
}

// "Add =" at the start of `text`: which of the two lists, and how many bytes.
struct EditKey {
  bool add = false;
  std::size_t bytes = 0;
};

std::optional<EditKey> EditKeyAt(std::string_view text) {
  const std::size_t begin = SpacesAt(text);
  for (const bool add : {true, false}) {
    const std::string_view word = add ? "Add" : "Remove";
    if (!base::StartsWithIgnoreCase(text.substr(begin), word)) continue;
    std::size_t at = begin + word.size();
    at += SpacesAt(text.substr(at));
    if (at < text.size() && text[at] == '=') return EditKey{add, at + 1};
  }
  return std::nullopt;
}

// Where a value without quotes ends: at a comma, and inside @{...} before the next key. An address
// space has a ";" of its own.
std::size_t BareEnd(std::string_view text, bool in_edits) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == ',') return at;
    if (!in_edits || (text[at] != ';' && text[at] != '\n')) continue;
    const std::string_view rest = text.substr(at + 1);
    if (EditKeyAt(rest) || SpacesAt(rest) == rest.size()) return at;
  }
  return text.size();
}

struct Values {
  std::vector<std::string> values;
  std::size_t bytes = 0;
};

// Values parted by commas, up to the end of `text`, or of the list inside @{...}.
absl::StatusOr<Values> ReadValues(std::string_view text, bool in_edits) {
  Values out;
  while (true) {
    out.bytes += SpacesAt(text.substr(out.bytes));
    const std::string_view rest = text.substr(out.bytes);
    if (QuoteAt(rest).kind != Quote::kNone) {
      auto quoted = ReadQuoted(rest);
      if (!quoted.ok()) return quoted.status();
      out.values.push_back(std::move(quoted->text));
      out.bytes += quoted->bytes;
    } else {
      const std::size_t end = BareEnd(rest, in_edits);
      const std::string_view value = base::Trim(rest.substr(0, end));
      if (value.empty()) return Broken("a comma stands between two values");
      out.values.emplace_back(value);
      out.bytes += end;
    }
    if (out.values.size() > kValuesMax) return Broken("there are at most ", kValuesMax, " values");
    // A line's end parts the lists of @{...}, so it is left to the caller.
    out.bytes = std::min(text.find_first_not_of(" \t", out.bytes), text.size());
    if (out.bytes == text.size() || text[out.bytes] != ',') return out;
    ++out.bytes;
  }
}

bool IsNull(std::string_view word) {
  return base::EqualsIgnoreCase(base::Trim(word), "$null");
}

}  // namespace

std::string Literal::ToString() const {
  switch (kind) {
    case Kind::kNull:
      return "$null";
    case Kind::kEdits: {
      std::string out = "@{";
      if (!add.empty()) out += base::Cat("Add=", base::Join(add, ","));
      if (!remove.empty()) out += base::Cat(add.empty() ? "" : "; ", "Remove=");
      return base::Cat(out, base::Join(remove, ","), "}");
    }
    default:
      return base::Join(values, ",");
  }
}

Literal AsOne(const Literal& literal) {
  if (literal.kind != Literal::Kind::kRaw) return literal;
  const std::string& word = literal.values.front();
  return IsNull(word) ? Literal::Null() : Literal::Text(word);
}

absl::StatusOr<Literal> AsList(const Literal& literal) {
  Literal list = literal;
  if (literal.kind == Literal::Kind::kText) list.kind = Literal::Kind::kList;
  if (literal.kind != Literal::Kind::kRaw) return list;
  const std::string_view word = base::Trim(literal.values.front());
  if (IsNull(word)) return Literal::Null();
  if (word.starts_with("@{")) return ReadEdits(word);
  if (word.starts_with("@")) return Broken(kEditsRule);
  auto values = ReadValues(word, false);
  if (!values.ok()) return values.status();
  if (values->bytes != word.size()) return Broken("a comma stands between two values");
  list.kind = Literal::Kind::kList;
  list.values = std::move(values->values);
  return list;
}

absl::StatusOr<Literal> ReadEdits(std::string_view text) {
  if (!text.starts_with("@{") || !text.ends_with("}")) return Broken(kEditsRule);
  std::string_view rest = text.substr(2, text.size() - 3);
  Literal edits;
  edits.kind = Literal::Kind::kEdits;
  while (true) {
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r\n;"), rest.size()));
    if (rest.empty()) break;
    const auto key = EditKeyAt(rest);
    if (!key) return Broken(kEditsRule);
    rest.remove_prefix(key->bytes);
    auto read = ReadValues(rest, true);
    if (!read.ok()) return read.status();
    rest.remove_prefix(read->bytes);
    if (!rest.empty() && rest.find_first_of(";\r\n") != 0) return Broken(kEditsRule);
    auto& list = key->add ? edits.add : edits.remove;
    list.insert(list.end(), read->values.begin(), read->values.end());
  }
  if (edits.add.empty() && edits.remove.empty()) return Broken(kEditsRule);
  return edits;
}

}  // namespace postern::cli
