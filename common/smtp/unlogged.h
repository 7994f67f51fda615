// common/smtp/unlogged.h
//
// Unlogged: the connectors that ask for a protocol log where none is written; each is told once.
//
// Flow      Note(connector) for each session that would be logged.
// Lifetime  From any thread.
// Limits    kUnloggedMax connectors; what comes then is not told.

#pragma once

#include <cstddef>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

namespace postern::smtp {

inline constexpr std::size_t kUnloggedMax = 1000;

class Unlogged {
 public:
  // `setting` is where the log's folder would be named.
  Unlogged(std::string step, std::string_view setting)
      : step_(std::move(step)), setting_(setting) {}

  // True when the connector is new here; it is logged then.
  bool Note(const std::string& connector);

 private:
  const std::string step_;
  const std::string setting_;
  std::mutex mutex_;
  std::set<std::string> connectors_;
};

}  // namespace postern::smtp
