// A change is these steps, under the lock of the folder:
//
//   1  the new text is written beside the file, and synced   killed after it: Recover removes it
//   2  the audit line is written, and synced                 killed after it: Recover adds "undone"
//   3  the file is renamed over the old one, or removed      killed after it: done, not answered
//   4  the folder is synced                                  answered
//
// So there is no change without its line, and no line stays that tells of a change that never was.
#include "common/directory/managed_folder.h"

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/time/time.h"
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/text.h"
#include "common/connector/content_hash.h"
#include "common/directory/change_rules.h"
#include "common/directory/manifest_text.h"
#include "common/observe/log.h"

namespace postern::directory {

namespace {

constexpr std::string_view kDone = "done";
constexpr std::string_view kUndone = "undone";
constexpr std::string_view kBesideEnd = ".new";
constexpr std::string_view kHead =
    "# The admin API owns this file and writes it anew with each change.\n"
    "# To keep the object by hand, delete it by the API and write a file outside of this folder.\n";

// Begins with a dot, so that no reader of manifests looks at it.
std::string BesideOf(std::string_view file) {
  const auto slash = file.rfind('/');
  return base::Cat(file.substr(0, slash + 1), ".", file.substr(slash + 1), kBesideEnd);
}

std::string TextOf(const ChangeDraft& draft) {
  return base::Cat(kHead, ManifestText(draft.after->manifest.object));
}

// What is wrong with the folder is not wrong with the change: kNotFound would be read as "there is
// no such connector".
absl::Status OfFolder(const absl::Status& status, std::string_view advice) {
  if (status.ok() || absl::IsUnavailable(status) || absl::IsResourceExhausted(status)) {
    return status;
  }
  return base::Error(absl::StatusCode::kFailedPrecondition, base::MessageOf(status), advice);
}

// A folder that cannot be written is most often one that is mounted so.
absl::Status OfWriting(const absl::Status& status) {
  return OfFolder(status,
                  ": the admin API writes below directory.path; make it writable for this "
                  "service, or change the manifests where they come from");
}

}  // namespace

std::string_view NameOf(Change::Verb verb) {
  switch (verb) {
    case Change::Verb::kCreate:
      return "create";
    case Change::Verb::kUpdate:
      return "update";
    case Change::Verb::kDelete:
      return "delete";
  }
  return "update";
}

ManagedFolder::ManagedFolder(const DirectorySettings& settings,
                             std::shared_ptr<FolderReader> reader,
                             base::Clock& clock)
    : folder_(*settings.path),
      reader_(std::move(reader)),
      clock_(clock),
      audit_(Full(base::Cat(kManagedFolder, "/.audit.log")),
             settings.audit_file_size->bytes,
             *settings.audit_files) {}

std::string ManagedFolder::Full(std::string_view file) const {
  return base::Cat(folder_, "/", file);
}

// Makes the folder with the first change.
absl::StatusOr<FileLock> ManagedFolder::Lock() const {
  const std::string managed = Full(kManagedFolder);
  if (::mkdir(managed.c_str(), 0755) == 0) {
    if (absl::Status synced = SyncFolderOf(managed); !synced.ok()) return synced;
  } else if (errno != EEXIST) {
    return FileError("make folder", managed, errno);
  }
  return FileLock::Take(base::Cat(managed, "/.lock"), kLockWait);
}

absl::Status ManagedFolder::Recover() {
  const std::string managed = Full(kManagedFolder);
  std::error_code error;
  if (!std::filesystem::is_directory(managed, error)) return absl::OkStatus();
  const std::lock_guard one(mutex_);
  const auto lock = Lock();
  if (!lock.ok()) return lock.status();
  std::vector<std::string> left;
  for (const auto& found : std::filesystem::directory_iterator(managed, error)) {
    const std::string name = found.path().filename().string();
    if (name.starts_with('.') && name.ends_with(kBesideEnd)) left.push_back(found.path().string());
  }
  if (error) return FileError("read folder", managed, error.value());
  for (const std::string& file : left) {
    if (::unlink(file.c_str()) != 0) return FileError("remove", file, errno);
    POSTERN_LOG(kWarning, "directory", "removed what a change that was cut off has left",
                {{"file", file}});
  }
  return UndoLast();
}

// The last line tells of a change whose file is still as it was before.
absl::Status ManagedFolder::UndoLast() {
  auto last = audit_.Last();
  if (!last.ok()) return last.status();
  if (!*last || (*last)->outcome() != kDone) return absl::OkStatus();
  v1::AuditLine& line = **last;
  const bool differs = line.file_hash_before() != line.file_hash_after();
  if (!differs || HashOfFile(line.file()) != line.file_hash_before()) return absl::OkStatus();
  line.set_outcome(std::string(kUndone));
  line.set_reason("the file is found as it was before the change");
  line.set_time(absl::FormatTime(absl::RFC3339_full, clock_.Now(), absl::UTCTimeZone()));
  return audit_.Append(line);
}

std::string ManagedFolder::HashOfFile(std::string_view file) const {
  const auto text = ReadFileText(Full(file), kManifestBytesMax);
  return text.ok() ? connector::ContentHash(*text) : "";
}

ChangeResult ManagedFolder::Apply(const Change& change) {
  ChangeResult result;
  ChangeDraft draft;
  if (change.dry_run) {
    result.status = Prepare(change, draft, result);
    return result;
  }
  const std::lock_guard one(mutex_);
  const auto lock = Lock();
  if (!lock.ok()) {
    result.status = OfWriting(lock.status());
    result.name = change.name;
    return result;
  }
  // Another process may have been killed between its audit line and its file.
  if (!audit_.untouched()) result.status = OfWriting(UndoLast());
  if (result.status.ok()) result.status = Prepare(change, draft, result);
  if (result.status.ok() && result.changed) result.status = OfWriting(Write(change, draft));
  return result;
}

absl::Status ManagedFolder::Prepare(const Change& change,
                                    ChangeDraft& draft,
                                    ChangeResult& result) {
  const auto reading = reader_->Read();
  if (!reading.ok()) return OfFolder(reading.status(), "");
  const absl::Status drafted = MakeDraft(change, *reading, draft);
  result.name = draft.name;
  result.before = draft.was;
  result.after = draft.becomes;
  if (!drafted.ok()) return drafted;
  if (absl::Status ruled = CheckRules(draft, *reading, result.warnings); !ruled.ok()) return ruled;
  if (draft.after != nullptr && TextOf(draft).size() > kManifestBytesMax) {
    return base::Error(absl::StatusCode::kInvalidArgument, NameOf(change.kind), " \"", draft.name,
                       "\": as a manifest it is larger than ", kManifestBytesMax, " bytes");
  }
  const bool one_more = draft.before == nullptr && draft.after != nullptr;
  if (one_more && reading->state.files.size() >= kFilesMax) {
    return base::Error(absl::StatusCode::kResourceExhausted, "directory ", folder_, " holds ",
                       kFilesMax, " files already, and that is the most");
  }
  result.changed = draft.differs();
  return absl::OkStatus();
}

absl::Status ManagedFolder::Write(const Change& change, const ChangeDraft& draft) {
  const std::string beside = Full(BesideOf(draft.file));
  if (draft.after != nullptr) {
    const absl::Status written = WriteSynced(beside, TextOf(draft), 0644);
    if (!written.ok()) return written;
  }
  v1::AuditLine line = LineOf(change, draft);
  absl::Status status = base::Annotate(audit_.Append(line), "audit");
  if (status.ok()) {
    status = PutInPlace(draft, beside);
    if (!status.ok() && HashOfFile(draft.file) == line.file_hash_before()) {
      line.set_outcome(std::string(kUndone));
      line.set_reason(std::string(base::MessageOf(status)));
      audit_.Append(line).IgnoreError();  // the next Recover writes it
    }
  }
  if (!status.ok() && draft.after != nullptr) ::unlink(beside.c_str());
  return status;
}

absl::Status ManagedFolder::PutInPlace(const ChangeDraft& draft, const std::string& beside) const {
  const std::string file = Full(draft.file);
  if (draft.after == nullptr) {
    if (::unlink(file.c_str()) != 0) return FileError("remove", file, errno);
  } else if (absl::Status renamed = Rename(beside, file); !renamed.ok()) {
    return renamed;
  }
  return SyncFolderOf(file);
}

v1::AuditLine ManagedFolder::LineOf(const Change& change, const ChangeDraft& draft) const {
  v1::AuditLine line;
  line.set_time(absl::FormatTime(absl::RFC3339_full, clock_.Now(), absl::UTCTimeZone()));
  line.set_who(change.who);
  line.set_site(change.site);
  line.set_change(std::string(NameOf(change.verb)));
  line.set_kind(std::string(NameOf(change.kind)));
  line.set_name(draft.name);
  line.set_outcome(std::string(kDone));
  line.set_file(draft.file);
  line.set_file_hash_before(HashOfFile(draft.file));
  if (draft.after != nullptr) line.set_file_hash_after(connector::ContentHash(TextOf(draft)));
  if (draft.was) *line.mutable_before() = *draft.was;
  if (draft.becomes) *line.mutable_after() = *draft.becomes;
  return line;
}

}  // namespace postern::directory
