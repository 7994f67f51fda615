// services/mailbox-transport/store/salvage.h
//
// Salvage: copies every readable message out of a damaged store, without changing it.
//
// Flow      Salvage(store, out): <out>/<id>.eml and <out>/<id>.json for each message, and a report.
// Failure   kInvalidArgument: `out` is not an empty folder or lies in the store; kNotFound: no
//           store there; kFailedPrecondition: a running service has it. Damaged records are
//           counted, not errors.
// Limits    Needs free space in `out` for the bodies, and once more for the store's files when the
//           manifest or a table is damaged. From a damaged manifest messages that were already
//           delivered may come back: `rebuilt` says so.
// See       docs/data.md "Salvage"

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace postern::store {

struct SalvageReport {
  std::uint64_t messages = 0;    // written out, complete
  std::uint64_t incomplete = 0;  // written out, but a part of the body is missing
  std::uint64_t unreadable = 0;  // records that are no message any more; kept as <n>.record
  bool rebuilt = false;          // read from tables and log one by one
  std::vector<std::string> notes;
};

absl::StatusOr<SalvageReport> Salvage(const std::string& store_path, const std::string& out_dir);

}  // namespace postern::store
