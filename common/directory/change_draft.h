// common/directory/change_draft.h
//
// ChangeDraft: a change as it would be written, before the rules of the directory are looked at.
//
// Flow      MakeDraft(change, reading, draft) -> CheckRules -> ManagedFolder writes it.
// Failure   kNotFound, kAlreadyExists, kAborted (both versions), kFailedPrecondition (a file by
//           hand), kInvalidArgument (names, masks, fields of a newer schema). What was found out by
//           then is in the draft.
// See       common/directory/change_rules.h

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"

#include "common/connector/validate.h"
#include "common/directory/change.h"
#include "common/directory/folder_reader.h"

namespace postern::directory {

// Below the folder of the directory: the files of the admin API, one for each object.
inline constexpr std::string_view kManagedFolder = "managed";

struct ChangeDraft {
  std::string name;                 // metadata.name
  std::string file;                 // "managed/sendconnector-internet.yaml"
  CheckedPtr before;                // null: it stands in no file
  CheckedPtr after;                 // null: it is to go
  std::optional<v1::Resource> was;  // with every default
  std::optional<v1::Resource> becomes;
  // Rules that look at both.
  std::vector<connector::FieldError> findings;

  bool differs() const;
};

std::string ManagedFileOf(Kind kind, std::string_view name);

absl::Status MakeDraft(const Change& change,
                       const FolderReader::Reading& reading,
                       ChangeDraft& draft);

// The object with every default when it has a typed form, otherwise as it was given.
v1::Resource ShownOf(const CheckedManifest& checked);

}  // namespace postern::directory
