#include "services/mailbox-transport/app/certificate_watch.h"

#include <utility>

#include <sys/stat.h>

#include "common/base/text.h"
#include "common/observe/log.h"
#include "common/tls/context.h"

namespace postern::app {

namespace {

// What changes when a file is written or a mounted secret is swapped.
std::string StampOf(const std::string& file) {
  struct stat info {};

  if (stat(file.c_str(), &info) != 0) return "absent";
  return base::Cat(info.st_ino, " ", info.st_size, " ", info.st_mtim.tv_sec, ".",
                   info.st_mtim.tv_nsec);
}

}  // namespace

CertificateWatch::CertificateWatch(std::string certificate_file,
                                   std::string key_file,
                                   std::function<absl::Status()> changed,
                                   absl::Duration look)
    : certificate_file_(std::move(certificate_file)),
      key_file_(std::move(key_file)),
      changed_(std::move(changed)),
      seen_(Stamp()) {
  if (certificate_file_.empty()) return;
  NoteExpiry();
  thread_ = std::thread([this, look] { Run(look); });
}

CertificateWatch::~CertificateWatch() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::string CertificateWatch::Stamp() const {
  return base::Cat(StampOf(certificate_file_), " ", StampOf(key_file_));
}

void CertificateWatch::NoteExpiry() {
  const auto expiry = tls::ExpiryOf(certificate_file_);
  if (expiry.ok()) expires_ = static_cast<double>(absl::ToUnixSeconds(*expiry));
}

void CertificateWatch::Run(absl::Duration look) {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, absl::ToChronoNanoseconds(look), [this] { return stopping_; })) {
    std::string stamp = Stamp();
    if (stamp == seen_) continue;
    seen_ = std::move(stamp);
    const absl::Status reloaded = changed_();
    if (reloaded.ok()) {
      NoteExpiry();
      POSTERN_LOG(kInfo, "accept", "certificate read again", {{"file", certificate_file_}});
    } else {
      // The key may follow its certificate a moment later: the next change is tried again.
      POSTERN_LOG(kError, "accept", "certificate cannot be used, the old one stays",
                  {{"error", reloaded}});
    }
  }
}

}  // namespace postern::app
