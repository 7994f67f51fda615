#include "common/rpc/settings.h"

#include "common/base/text.h"

namespace postern::rpc {

namespace {

constexpr std::size_t kTrustDomainBytesMax = 255;

bool IsTrustDomain(std::string_view text) {
  return !text.empty() && text.size() <= kTrustDomainBytesMax &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-_") ==
             std::string_view::npos;
}

}  // namespace

absl::Status CheckSet(const settings::Setting<std::string>& file) {
  if (!file->empty()) return absl::OkStatus();
  return base::Error(absl::StatusCode::kInvalidArgument, file.key,
                     " is not set: mTLS between services needs it (or, for development on "
                     "loopback, rpc.insecure_plaintext)");
}

void CheckSettings(const RpcSettings& settings, settings::Errors& errors) {
  const auto& domain = settings.trust_domain;
  if (!IsTrustDomain(*domain)) {
    errors.Note(settings::WrongValue(
        domain,
        ": is 1 to 255 lower-case letters, digits, \".\", \"-\" and \"_\", as postern.local"));
  }
  if (*settings.insecure_plaintext) return;
  errors.Note(CheckSet(settings.certificate_file));
  errors.Note(CheckSet(settings.key_file));
  errors.Note(CheckSet(settings.ca_file));
}

}  // namespace postern::rpc
