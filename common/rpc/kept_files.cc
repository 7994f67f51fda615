#include "common/rpc/kept_files.h"

#include <cerrno>
#include <fstream>
#include <map>
#include <mutex>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/check.h"
#include "common/base/text.h"
#include "common/observe/log.h"
#include "common/rpc/credentials.h"

namespace postern::rpc {

namespace {

absl::StatusOr<std::string> ContentOf(const settings::Setting<std::string>& setting) {
  std::ifstream in(*setting, std::ios::binary);
  std::string content(kKeptBytesMax + 1, '\0');
  in.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<std::size_t>(in.gcount()));
  if (content.size() <= kKeptBytesMax) return content;
  return base::Error(absl::StatusCode::kInvalidArgument, setting.key, " ", *setting, ": more than ",
                     kKeptBytesMax, " bytes");
}

// A file that has no name and is in memory only.
absl::StatusOr<int> InMemory(std::string_view content) {
  const int fd = ::memfd_create("postern-rpc", MFD_CLOEXEC);
  if (fd < 0) return absl::ErrnoToStatus(errno, "memfd_create");
  if (::write(fd, content.data(), content.size()) == static_cast<ssize_t>(content.size())) {
    return fd;
  }
  const absl::Status failed = absl::ErrnoToStatus(errno, "write to memory");
  ::close(fd);
  return failed;
}

// What opens the path of `place` from now on finds `fresh`: at no moment neither, or half of it.
void Put(int fresh, int& place) {
  if (place < 0) {
    place = fresh;
    return;
  }
  POSTERN_CHECK(::dup3(fresh, place, O_CLOEXEC) == place);
  ::close(fresh);
}

}  // namespace

absl::StatusOr<KeptFiles*> KeptFiles::Of(const RpcSettings& settings) {
  using Paths = std::vector<std::string>;
  static auto& mutex = *new std::mutex;
  static auto& all = *new std::map<Paths, std::unique_ptr<KeptFiles>>;
  const Paths paths = {*settings.certificate_file, *settings.key_file, *settings.ca_file};
  const std::lock_guard lock(mutex);
  const auto known = all.find(paths);
  if (known != all.end()) return known->second.get();
  auto opened = Open(settings);
  if (!opened.ok()) return opened.status();
  return all.emplace(paths, *std::move(opened)).first->second.get();
}

absl::StatusOr<std::unique_ptr<KeptFiles>> KeptFiles::Open(const RpcSettings& settings,
                                                           absl::Duration look) {
  std::unique_ptr<KeptFiles> kept(new KeptFiles(settings));
  if (absl::Status read = kept->Read(); !read.ok()) return read;
  kept->watch_ = std::make_unique<tls::FileWatch>(
      [files = kept.get()] { return StampOfFiles(files->settings_); },
      [files = kept.get()] { files->Changed(); }, look);
  return kept;
}

KeptFiles::~KeptFiles() {
  watch_.reset();
  for (const int fd : {identity_, ca_}) {
    if (fd >= 0) ::close(fd);
  }
}

std::string KeptFiles::PathOf(int fd) {
  return base::Cat("/proc/self/fd/", fd);
}

absl::Status KeptFiles::Read() {
  if (absl::Status fits = CheckFiles(settings_); !fits.ok()) return fits;
  const auto certificate = ContentOf(settings_.certificate_file);
  if (!certificate.ok()) return certificate.status();
  const auto key = ContentOf(settings_.key_file);
  if (!key.ok()) return key.status();
  const auto ca = ContentOf(settings_.ca_file);
  if (!ca.ok()) return ca.status();
  const auto identity = InMemory(base::Cat(*certificate, "\n", *key));
  if (!identity.ok()) return identity.status();
  const auto roots = InMemory(*ca);
  if (!roots.ok()) {
    ::close(*identity);
    return roots.status();
  }
  // The files may have changed since CheckFiles looked at them.
  RpcSettings copies = settings_;
  copies.certificate_file.value = copies.key_file.value = PathOf(*identity);
  copies.ca_file.value = PathOf(*roots);
  if (absl::Status fits = CheckFiles(copies); !fits.ok()) {
    ::close(*identity);
    ::close(*roots);
    return fits;
  }
  Put(*identity, identity_);
  Put(*roots, ca_);
  return absl::OkStatus();
}

void KeptFiles::Changed() {
  const absl::Status read = Read();
  if (read.ok()) {
    POSTERN_LOG(kInfo, "rpc", "certificate files read again",
                {{"certificate", *settings_.certificate_file}});
  } else {
    POSTERN_LOG(kError, "rpc", "certificate files cannot be used, the old ones stay",
                {{"error", read}});
  }
}

}  // namespace postern::rpc
