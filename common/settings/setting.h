// common/settings/setting.h
//
// Setting<T>: one setting, declared once with name, default, bounds, reload rule and prose.
//
// Flow      A module's settings.h holds a struct of Settings with a Visit(visitor) that names
//           each; the loader, validation, --print-settings and docs/generated/settings.md come
//           from it.
// Failure   Loading: kInvalidArgument naming the setting, the value, the rule, and for a file its
//           line.
// Limits    T is bool, int, std::int64_t, std::string, absl::Duration, base size (Size), or a list
//           of text.
// See       common/settings/loader.h

#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

namespace postern::settings {

// A number of bytes, written as "25MB".
struct Size {
  std::uint64_t bytes = 0;
  auto operator<=>(const Size&) const = default;
};

template <typename T>
struct Setting {
  std::string_view key;
  T fallback{};
  T min{};  // min == max: no bounds
  T max{};
  bool reloads = false;
  std::string_view about;
  bool secret = false;  // never printed

  T value = fallback;

  const T& operator*() const { return value; }

  const T* operator->() const { return &value; }
};

}  // namespace postern::settings
