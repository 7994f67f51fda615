// services/mailbox-transport/store/in_hand.h
//
// InHandTable: which messages an attempt has in hand, in a mapped file that outlives SIGKILL.
//
// Flow      Open; found() tells what the last process left; Forget once that was counted; then Mark
//           before the first byte of an attempt and Clear after its settlement is in the log.
// Failure   A damaged or foreign file is replaced, and every message counts as in hand.
// Lifetime  CloseCleanly at an orderly end: then a change of the boot id means nothing.
// Limits    A fixed number of slots of 8 bytes. A mark that finds no slot near its place is counted
//           as overflow, and after a crash every message counts as in hand. Mark and Clear are
//           lock-free.
// See       docs/data.md "The in-hand table"

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_set>

#include "absl/status/statusor.h"

#include "common/base/ids.h"

namespace postern::store {

class InHandTable {
 public:
  // What the last process left.
  struct Found {
    std::unordered_set<base::MessageId> marked;
    bool everything = false;  // power loss, overflow or damage
    std::string why;          // in words, when `everything`
    std::string database_id;
    std::uint64_t synced_sequence = 0;
    std::uint32_t slots = 0;  // of the file; 0: there is none, or it is damaged
  };

  // Reads without changing anything. A missing file is an empty Found.
  static Found Read(const std::string& path, const std::string& boot_id);

  static absl::StatusOr<std::unique_ptr<InHandTable>> Open(const std::string& path,
                                                           const std::string& database_id,
                                                           const std::string& boot_id,
                                                           std::uint32_t slots);
  ~InHandTable();
  InHandTable(const InHandTable&) = delete;
  InHandTable& operator=(const InHandTable&) = delete;

  void Mark(base::MessageId id);
  void Clear(base::MessageId id);
  bool Has(base::MessageId id) const;

  // Every message in the log up to here is on disk: a lower bound that the next start checks.
  void NoteSynced(std::uint64_t sequence);

  const Found& found() const { return found_; }

  // The marks of the last process are counted; from here on only ours are in the file.
  void Forget();
  void CloseCleanly();

  // The boot id of this machine, or empty when the system has none.
  static std::string SystemBootId();

 private:
  struct Header;

  InHandTable(void* memory, std::size_t bytes, std::uint32_t slots);
  Header& header() const;
  std::atomic<std::uint64_t>& slot(std::uint64_t index) const;
  void Begin(const std::string& database_id, const std::string& boot_id, bool everything);
  void Empty();

  void* memory_;
  std::size_t bytes_;
  std::uint32_t slots_;
  Found found_;
};

}  // namespace postern::store
