#include "common/rpc/settings.h"

#include "common/base/text.h"

namespace postern::rpc {

absl::Status CheckSet(const settings::Setting<std::string>& file) {
  if (!file->empty()) return absl::OkStatus();
  return base::Error(absl::StatusCode::kInvalidArgument, file.key,
                     " is not set: mTLS between services needs it (or, for development on "
                     "loopback, rpc.insecure_plaintext)");
}

void CheckSettings(const RpcSettings& settings, settings::Errors& errors) {
  if (*settings.insecure_plaintext) return;
  errors.Note(CheckSet(settings.certificate_file));
  errors.Note(CheckSet(settings.key_file));
  errors.Note(CheckSet(settings.ca_file));
}

}  // namespace postern::rpc
