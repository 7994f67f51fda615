#include "common/tls/crl_file.h"

#include <ctime>

#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/observe/log.h"
#include "common/tls/openssl_error.h"

namespace postern::tls {
namespace {

// Authorities whose signature on a list is remembered.
constexpr std::size_t kSignersMax = 1000;

constexpr int kRemovedFromList = 2;

std::string KeyOf(X509* certificate) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  if (X509_pubkey_digest(certificate, EVP_sha256(), digest, &length) != 1) return "";
  return {reinterpret_cast<const char*>(digest), length};
}

// A delta, or one with an issuing distribution point, says so in a critical extension.
bool Partial(const X509_CRL* list) {
  for (int i = 0; i < X509_CRL_get_ext_count(list); ++i) {
    if (X509_EXTENSION_get_critical(X509_CRL_get_ext(list, i)) != 0) return true;
  }
  return false;
}

bool Current(const X509_CRL* list) {
  const ASN1_TIME* const next = X509_CRL_get0_nextUpdate(list);
  if (next == nullptr) return false;
  std::time_t early = std::time(nullptr) - absl::ToInt64Seconds(kClockSkew);
  std::time_t late = std::time(nullptr) + absl::ToInt64Seconds(kClockSkew);
  return X509_cmp_time(X509_CRL_get0_lastUpdate(list), &late) < 0 &&
         X509_cmp_time(next, &early) > 0;
}

}  // namespace

absl::StatusOr<std::unique_ptr<CrlFile>> CrlFile::Open(std::string path,
                                                       std::function<void()> changed,
                                                       absl::Duration look) {
  std::unique_ptr<CrlFile> file(new CrlFile(std::move(path), std::move(changed)));
  CrlFile* const self = file.get();
  const auto reload = [self] {
    const absl::Status loaded = self->Load();
    if (!loaded.ok()) {
      POSTERN_LOG(kError, "deliver", "revocation lists cannot be read, those before stay in use",
                  {{"error", loaded}});
      return;
    }
    POSTERN_LOG(kInfo, "deliver", "revocation lists read", {{"file", self->path_}});
    if (self->changed_) self->changed_();
  };
  // The watch takes its first look before the load: what changes in between is read again.
  file->watch_ = std::make_unique<FileWatch>([self] { return StampOf(self->path_); }, reload, look);
  POSTERN_RETURN_IF_ERROR(file->Load());
  return file;
}

CrlFile::CrlFile(std::string path, std::function<void()> changed)
    : path_(std::move(path)), changed_(std::move(changed)) {}

absl::Status CrlFile::Load() {
  POSTERN_ASSIGN_OR_RETURN(auto read, ReadCrls(path_));
  auto loaded = std::make_shared<Lists>();
  loaded->all = std::move(read);
  const std::lock_guard lock(mutex_);
  lists_ = std::move(loaded);
  return absl::OkStatus();
}

std::shared_ptr<CrlFile::Lists> CrlFile::lists() const {
  const std::lock_guard lock(mutex_);
  return lists_;
}

// The signature is over the whole list, which may be megabytes: it is looked at once.
bool CrlFile::Lists::SignedBy(X509_CRL* list, X509* issuer) {
  const auto key = std::make_pair(static_cast<const X509_CRL*>(list), KeyOf(issuer));
  const std::lock_guard lock(mutex);
  const auto known = signed_by.find(key);
  if (known != signed_by.end()) return known->second;
  const bool fits = X509_CRL_verify(list, X509_get0_pubkey(issuer)) == 1;
  TakeOpenSslError("");
  if (signed_by.size() < kSignersMax) signed_by[key] = fits;
  return fits;
}

RevocationFacts CrlFile::Look(X509* certificate, X509* issuer) const {
  const std::shared_ptr<Lists> held = lists();
  RevocationFacts found{.state = RevocationState::kUnknown, .words = "no crl of its issuer"};
  for (const CrlPointer& list : held->all) {
    if (X509_NAME_cmp(X509_CRL_get_issuer(list.get()), X509_get_subject_name(issuer)) != 0)
      continue;
    if (!held->SignedBy(list.get(), issuer)) continue;
    X509_REVOKED* revoked = nullptr;
    const int listed = X509_CRL_get0_by_cert(list.get(), &revoked, certificate);
    if (listed != 0 && listed != kRemovedFromList) {
      return {.state = RevocationState::kRevoked, .words = "revoked by its issuer's crl"};
    }
    if (Partial(list.get())) {
      if (found.state != RevocationState::kGood) found.words = "its issuer's crl is partial";
    } else if (!Current(list.get())) {
      if (found.state != RevocationState::kGood) found.words = "its issuer's crl is out of date";
    } else {
      found = {.state = RevocationState::kGood, .words = "good by its issuer's crl"};
    }
  }
  return found;
}

}  // namespace postern::tls
