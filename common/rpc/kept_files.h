// common/rpc/kept_files.h
//
// KeptFiles: certificate, key and CA as gRPC reads them: copies in memory that are replaced
// together, once new files are there that fit together. gRPC itself takes whatever it finds, and
// ends the process over an empty file.
//
// Flow      Of the settings, for each server and channel; give gRPC the paths.
// Failure   Of: kInvalidArgument, kNotFound naming setting, file and rule. Files that are wrong
//           when they change are logged as an error, and the copies stay.
// Lifetime  As long as the process, for gRPC's threads read them; one for each set of files. A
//           thread of its own. Thread-safe.
// Limits    Looks every `look`; a file has at most kKeptBytesMax bytes.
// See       common/tls/file_watch.h; memfd_create(2)

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "common/rpc/settings.h"
#include "common/tls/file_watch.h"

namespace postern::rpc {

inline constexpr std::size_t kKeptBytesMax = 1 << 20;

class KeptFiles {
 public:
  static absl::StatusOr<KeptFiles*> Of(const RpcSettings& settings);

  // For tests; the settings outlive it.
  static absl::StatusOr<std::unique_ptr<KeptFiles>> Open(const RpcSettings& settings,
                                                         absl::Duration look = tls::kFileLook);
  ~KeptFiles();
  KeptFiles(const KeptFiles&) = delete;
  KeptFiles& operator=(const KeptFiles&) = delete;

  // Certificate and key, of which both are read from here.
  std::string identity_path() const { return PathOf(identity_); }

  std::string ca_path() const { return PathOf(ca_); }

 private:
  explicit KeptFiles(const RpcSettings& settings) : settings_(settings) {}

  static std::string PathOf(int fd);
  absl::Status Read();
  void Changed();

  const RpcSettings settings_;
  int identity_ = -1;
  int ca_ = -1;
  std::unique_ptr<tls::FileWatch> watch_;
};

}  // namespace postern::rpc
