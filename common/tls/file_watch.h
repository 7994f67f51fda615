// common/tls/file_watch.h
//
// FileWatch: calls when files have changed, so that certificates and authorities are read again.
//
// Flow      Construct with what tells the files' state and what to do on a change; destroying ends
//           it.
// Lifetime  A thread of its own, on which both are called, and never before the constructor
//           returns.
// Limits    Looks every `look`.

#pragma once

#include <functional>
#include <string>

#include "absl/time/time.h"

#include "common/base/ticker.h"

namespace postern::tls {

inline constexpr absl::Duration kFileLook = absl::Seconds(5);

// What changes when the file is written, or swapped as Kubernetes does: "absent" when it is not
// there.
std::string StampOf(const std::string& file);

class FileWatch {
 public:
  // `stamp` is called once here.
  FileWatch(std::function<std::string()> stamp,
            std::function<void()> changed,
            absl::Duration look = kFileLook);

 private:
  void Look();

  const std::function<std::string()> stamp_;
  const std::function<void()> changed_;
  std::string seen_;
  base::Ticker ticker_;
};

}  // namespace postern::tls
