#include "cli/value_forms.h"

#include <algorithm>
#include <charconv>

#include "common/base/text.h"
#include "common/base/units.h"

namespace postern::cli {

namespace {

absl::Status Broken(const auto&... rule) {
  return base::Error(absl::StatusCode::kInvalidArgument, rule...);
}

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

// "26,214,400 bytes": the number, whatever a language puts between its digits.
std::string DigitsOf(std::string_view text) {
  std::string digits;
  std::copy_if(text.begin(), text.end(), std::back_inserter(digits), IsDigit);
  return digits;
}

}  // namespace

std::string Grouped(std::uint64_t number) {
  std::string digits = base::Cat(number);
  for (std::size_t at = digits.size(); at > 3; at -= 3)
    digits.insert(at - 3, ",");
  return digits;
}

absl::StatusOr<bool> ParseFlag(std::string_view given) {
  std::string_view text = base::Trim(given);
  if (text.starts_with("$")) text.remove_prefix(1);
  if (base::EqualsIgnoreCase(text, "true") || text == "1") return true;
  if (base::EqualsIgnoreCase(text, "false") || text == "0") return false;
  return Broken("is true or false");
}

absl::StatusOr<std::int32_t> ParseNumber(std::string_view given) {
  const std::string_view text = base::Trim(given);
  std::int32_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc::result_out_of_range) return Broken("does not fit into 32 bits");
  if (error != std::errc() || stop != end) return Broken("is a whole number");
  return number;
}

bool TakesUnlimited(std::string_view values) {
  return values.ends_with("or unlimited");
}

absl::StatusOr<std::string> NormalSize(std::string_view given) {
  std::string_view text = base::Trim(given);
  std::string exact;
  const auto open = text.find('(');
  if (open != std::string_view::npos) {
    std::string_view inside = text.substr(open + 1);
    if (!inside.ends_with(" bytes)")) return Broken("is a size: 25MB, or unlimited");
    exact = DigitsOf(inside);
    text = exact;
  }
  const auto size = base::ParseSize(text);
  if (!size.ok()) return Broken("is a whole number with B, KB, MB, GB or TB, or unlimited");
  return base::FormatSize(*size);
}

absl::StatusOr<std::string> NormalSpan(std::string_view text) {
  const auto span = base::ParseTimeSpan(text);
  if (!span.ok()) return Broken("is a time span: [dd.]hh:mm:ss, or a number with ms, s, m, h or d");
  return base::FormatTimeSpan(*span);
}

std::vector<std::string> WordsFrom(std::string_view values) {
  std::vector<std::string> words;
  for (const std::string_view word : base::Split(values.substr(0, values.find(';')), ','))
    words.emplace_back(base::Trim(word));
  return words;
}

absl::StatusOr<std::string> NormalWord(std::string_view given, std::string_view values) {
  const std::vector<std::string> words = WordsFrom(values);
  const std::string_view text = base::Trim(given);
  std::string all;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (base::EqualsIgnoreCase(words[i], text)) return words[i];
    if (i > 0) all += i + 1 == words.size() ? " or " : ", ";
    all += words[i];
  }
  return Broken("is ", all);
}

std::vector<std::string> PartsOf(const std::vector<std::string>& values) {
  std::vector<std::string> parts;
  for (const std::string& value : values) {
    for (const std::string_view part : base::Split(value, ','))
      parts.emplace_back(base::Trim(part));
  }
  return parts;
}

std::vector<std::string> WithoutDefault(std::vector<std::string> words, std::string_view values) {
  const std::string idle = WordsFrom(values).front();
  const auto is_idle = [&idle](const std::string& word) {
    return base::EqualsIgnoreCase(base::Trim(word), idle);
  };
  if (!std::all_of(words.begin(), words.end(), is_idle)) std::erase_if(words, is_idle);
  return words;
}

std::string ShownSize(std::string_view text) {
  const auto size = base::ParseSize(text);
  if (!size.ok()) return std::string(text);
  if (*size == base::kUnlimited) return "Unlimited";
  constexpr std::pair<std::string_view, std::uint64_t> kUnits[] = {
      {"TB", 1ULL << 40}, {"GB", 1ULL << 30}, {"MB", 1ULL << 20}, {"KB", 1ULL << 10}};
  for (const auto& [unit, bytes] : kUnits) {
    if (*size < bytes) continue;
    // Four digits, as Exchange rounds: 1.5 MB, 9.766 KB.
    char number[32];
    std::snprintf(number, sizeof number, "%.4g",
                  static_cast<double>(*size) / static_cast<double>(bytes));
    return base::Cat(number, " ", unit, " (", Grouped(*size), " bytes)");
  }
  return base::Cat(*size, " B (", *size, " bytes)");
}

}  // namespace postern::cli
