#include "common/tls/pem.h"

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/tls/openssl_error.h"

namespace postern::tls {
namespace {

constexpr std::size_t kMebibyte = 1024 * 1024;
constexpr std::size_t kFileMebibytesMax = 4;
// A large authority has revoked a million certificates.
constexpr std::size_t kCrlMebibytesMax = 64;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};

absl::Status CannotRead(std::string_view kind, const std::string& path, int error) {
  const auto code =
      error == ENOENT ? absl::StatusCode::kNotFound : absl::StatusCode::kInvalidArgument;
  const std::string cause = base::LowerAscii(std::generic_category().message(error));
  return base::Error(code, "tls ", kind, " ", path, ": cannot read: ", cause);
}

absl::StatusOr<std::string> ReadFile(std::string_view kind,
                                     const std::string& path,
                                     std::size_t mebibytes_max = kFileMebibytesMax) {
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "re"));
  if (file == nullptr) return CannotRead(kind, path, errno);
  std::string text;
  char block[16 * 1024];
  while (const std::size_t bytes = std::fread(block, 1, sizeof(block), file.get())) {
    text.append(block, bytes);
    if (text.size() > mebibytes_max * kMebibyte) {
      return base::Error(absl::StatusCode::kInvalidArgument, "tls ", kind, " ", path,
                         ": larger than ", mebibytes_max, "MB");
    }
  }
  // A folder opens and then does not read.
  if (std::ferror(file.get()) != 0) return CannotRead(kind, path, errno);
  return text;
}

// Never asks for a passphrase at the terminal.
int NoPassphrase(char*, int, int, void*) {
  return 0;
}

// Every `what` of the text, which `read` takes one by one.
template <typename Pointer, typename Read>
absl::StatusOr<std::vector<Pointer>> AllIn(const std::string& text,
                                           Read read,
                                           std::string_view kind,
                                           std::string_view what,
                                           const std::string& path) {
  const std::unique_ptr<BIO, FreeBio> bio(
      BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  std::vector<Pointer> all;
  while (auto* one = read(bio.get(), nullptr, NoPassphrase, nullptr)) {
    all.emplace_back(one);
  }
  // They end with "no start line"; anything else is one that does not read.
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  const std::string cause = TakeOpenSslError("damaged");
  if (!at_end) {
    return base::Error(absl::StatusCode::kInvalidArgument, "tls ", kind, " ", path, ": ", what, " ",
                       all.size() + 1, " does not read: ", cause);
  }
  if (all.empty()) {
    return base::Error(absl::StatusCode::kInvalidArgument, "tls ", kind, " ", path, ": holds no ",
                       what);
  }
  return all;
}

}  // namespace

absl::StatusOr<std::vector<CertificatePointer>> ReadCertificates(std::string_view kind,
                                                                 const std::string& path) {
  POSTERN_ASSIGN_OR_RETURN(const std::string text, ReadFile(kind, path));
  return AllIn<CertificatePointer>(text, PEM_read_bio_X509_AUX, kind, "certificate", path);
}

absl::StatusOr<std::vector<CrlPointer>> ReadCrls(const std::string& path) {
  constexpr std::string_view kKind = "crl file";
  POSTERN_ASSIGN_OR_RETURN(const std::string text, ReadFile(kKind, path, kCrlMebibytesMax));
  return AllIn<CrlPointer>(text, PEM_read_bio_X509_CRL, kKind, "list", path);
}

absl::StatusOr<KeyPointer> ReadKey(const std::string& path) {
  POSTERN_ASSIGN_OR_RETURN(const std::string text, ReadFile("key", path));
  const std::unique_ptr<BIO, FreeBio> bio(
      BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  KeyPointer key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr));
  ERR_clear_error();
  if (key == nullptr) {
    return base::Error(absl::StatusCode::kInvalidArgument, "tls key ", path,
                       ": holds no private key without a passphrase");
  }
  return key;
}

absl::StatusOr<KeyPair> ReadKeyPair(const std::string& certificate_file,
                                    const std::string& key_file) {
  KeyPair pair;
  POSTERN_ASSIGN_OR_RETURN(pair.chain, ReadCertificates("certificate", certificate_file));
  POSTERN_ASSIGN_OR_RETURN(pair.key, ReadKey(key_file));
  if (X509_check_private_key(pair.chain.front().get(), pair.key.get()) != 1) {
    TakeOpenSslError("");
    return base::Error(absl::StatusCode::kInvalidArgument, "tls key ", key_file,
                       ": does not match certificate ", certificate_file);
  }
  return pair;
}

}  // namespace postern::tls
