#include "services/mailbox-transport/app/certificate_watch.h"

#include <utility>

#include "common/base/text.h"
#include "common/observe/log.h"
#include "common/tls/context.h"

namespace postern::app {

CertificateWatch::CertificateWatch(std::string certificate_file,
                                   std::string key_file,
                                   std::function<absl::Status()> changed,
                                   absl::Duration look)
    : certificate_file_(std::move(certificate_file)), changed_(std::move(changed)) {
  if (certificate_file_.empty()) return;
  NoteExpiry();
  watch_ = std::make_unique<tls::FileWatch>(
      [certificate = certificate_file_, key = std::move(key_file)] {
        return base::Cat(tls::StampOf(certificate), " ", tls::StampOf(key));
      },
      [this] { Reload(); }, look);
}

void CertificateWatch::NoteExpiry() {
  const auto expiry = tls::ExpiryOf(certificate_file_);
  if (expiry.ok()) expires_ = static_cast<double>(absl::ToUnixSeconds(*expiry));
}

void CertificateWatch::Reload() {
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

}  // namespace postern::app
