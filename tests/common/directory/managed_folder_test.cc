#include "common/directory/managed_folder.h"

#include <atomic>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <sys/wait.h>

#include "common/connector/content_hash.h"
#include "common/directory/file_source.h"
#include "tests/common/directory/directory_folder.h"

namespace postern::directory {
namespace {

using testing::ConnectorFrom;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Named;
using testing::ResourceFrom;
using ::testing::StartsWith;

constexpr char kFile[] = "managed/sendconnector-internet.yaml";
constexpr char kAudit[] = "managed/.audit.log";

class ManagedFolderTest : public testing::DirectoryFolder {
 protected:
  std::vector<std::string> Lines() const {
    std::vector<std::string> lines;
    std::istringstream in(Read(kAudit));
    for (std::string line; std::getline(in, line);)
      lines.push_back(line);
    return lines;
  }

  // "create internet done" of each line of the audit.
  std::vector<std::string> Outcomes() const {
    std::vector<std::string> outcomes;
    for (const std::string& line : Lines()) {
      const auto word = [&](const std::string& key) {
        const auto at = line.find(base::Cat("\"", key, "\":\"")) + key.size() + 4;
        return line.substr(at, line.find('"', at) - at);
      };
      outcomes.push_back(base::Cat(word("change"), " ", word("name"), " ", word("outcome")));
    }
    return outcomes;
  }

  SnapshotPtr Loaded() const {
    auto snapshot = LoadFolder(root_);
    EXPECT_TRUE(snapshot.ok()) << snapshot.status();
    return snapshot.ok() ? *snapshot : nullptr;
  }

  ChangeResult SetPort(int port, const std::string& version = "") {
    return Update(
        Named(ResourceFrom("SendConnector", base::Cat("spec: {port: ", port, "}")), "internet"),
        {"spec.port"}, version);
  }
};

TEST_F(ManagedFolderTest, WhatIsCreatedChangedAndDeletedIsInTheFolder) {
  const ChangeResult created = Create(ConnectorFrom("Internet"));
  ASSERT_TRUE(created.status.ok()) << created.status;
  EXPECT_TRUE(created.changed);
  EXPECT_FALSE(created.before.has_value());
  EXPECT_EQ(MetadataOf(*created.after).resource_version(),
            Loaded()->FindConnector("internet")->version);
  EXPECT_THAT(Read(kFile), StartsWith("# The admin API owns this file"));

  const ChangeResult changed = SetPort(26, MetadataOf(*created.after).resource_version());
  ASSERT_TRUE(changed.status.ok()) << changed.status;
  EXPECT_EQ(Loaded()->FindConnector("internet")->port, 26);

  const ChangeResult deleted = Delete(Kind::kSendConnector, "internet");
  ASSERT_TRUE(deleted.status.ok()) << deleted.status;
  EXPECT_FALSE(deleted.after.has_value());
  EXPECT_EQ(Loaded()->FindConnector("internet"), nullptr);
  EXPECT_FALSE(There(kFile));
}

TEST_F(ManagedFolderTest, EveryChangeHasItsLine) {
  ASSERT_TRUE(Create(ConnectorFrom("Internet")).status.ok());
  ASSERT_TRUE(SetPort(26).status.ok());
  ASSERT_FALSE(SetPort(70000).status.ok());
  ASSERT_TRUE(Delete(Kind::kSendConnector, "internet").status.ok());
  EXPECT_THAT(Outcomes(),
              ElementsAre("create internet done", "update internet done", "delete internet done"));
  const std::string line = Lines()[1];
  EXPECT_THAT(line, HasSubstr("\"who\":\"spiffe://postern.test/main/administrator\""));
  EXPECT_THAT(line, HasSubstr("\"before\":{\"sendConnector\":"));
  EXPECT_THAT(line, HasSubstr("\"port\":25"));
  EXPECT_THAT(line, HasSubstr("\"port\":26"));
}

TEST_F(ManagedFolderTest, WhatIsSoAlreadyIsNotWritten) {
  ASSERT_TRUE(Create(ConnectorFrom("Internet", "port: 26")).status.ok());
  const std::string text = Read(kFile);
  const ChangeResult same = SetPort(26);
  EXPECT_TRUE(same.status.ok());
  EXPECT_FALSE(same.changed);
  EXPECT_EQ(Read(kFile), text);
  EXPECT_EQ(Lines().size(), 1u);
}

TEST_F(ManagedFolderTest, ADryRunChecksAndWritesNothing) {
  dry_run_ = true;
  const ChangeResult good = Create(ConnectorFrom("Internet"));
  EXPECT_TRUE(good.status.ok());
  EXPECT_TRUE(good.changed);
  EXPECT_EQ(SpecOf(good.after).port(), 25);
  EXPECT_FALSE(Create(ConnectorFrom("Internet", "port: 70000")).status.ok());
  EXPECT_FALSE(There("managed"));
}

TEST_F(ManagedFolderTest, AFullDiskChangesNothing) {
  ASSERT_TRUE(Create(ConnectorFrom("Internet")).status.ok());
  const std::string text = Read(kFile);
  std::filesystem::create_symlink("/dev/full", root_ + "/managed/.sendconnector-internet.yaml.new");
  const ChangeResult file = SetPort(26);
  EXPECT_EQ(file.status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(TextOf(file.status), HasSubstr("No space left on device"));
  std::filesystem::rename(root_ + "/managed/.audit.log", root_ + "/audit");
  std::filesystem::create_symlink("/dev/full", root_ + "/managed/.audit.log");
  const ChangeResult audit = SetPort(26);
  EXPECT_EQ(audit.status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(TextOf(audit.status), StartsWith("audit: write "));
  EXPECT_EQ(Read(kFile), text);
  EXPECT_FALSE(There("managed/.sendconnector-internet.yaml.new"));
}

TEST_F(ManagedFolderTest, AFolderThatCannotBeWrittenSaysWhatToDo) {
  settings_.path.value = "/proc";
  managed_ = std::make_unique<ManagedFolder>(settings_, std::make_shared<FolderReader>("/proc"));
  const ChangeResult result = Create(ConnectorFrom("Internet"));
  EXPECT_EQ(result.status.code(), absl::StatusCode::kFailedPrecondition) << result.status;
  EXPECT_THAT(TextOf(result.status), HasSubstr("make folder /proc/managed: "));
  EXPECT_THAT(TextOf(result.status), HasSubstr("make it writable for this service"));
}

TEST_F(ManagedFolderTest, AFolderThatIsGoneIsNotAResourceThatIsGone) {
  dry_run_ = true;
  std::filesystem::remove_all(root_);
  const ChangeResult result = Delete(Kind::kSendConnector, "internet");
  EXPECT_EQ(result.status.code(), absl::StatusCode::kFailedPrecondition) << result.status;
}

// The states in which SIGKILL can leave the disk, each step of a change by its step.
TEST_F(ManagedFolderTest, AfterAKillThereIsTheOldFileOrTheNewAndTheAuditIsTrue) {
  const std::string beside = "managed/.sendconnector-internet.yaml.new";
  ASSERT_TRUE(Create(ConnectorFrom("Internet")).status.ok());
  const std::string old_text = Read(kFile);
  const std::string audit_before = Read(kAudit);
  ASSERT_TRUE(SetPort(26).status.ok());
  const std::string new_text = Read(kFile);
  const std::string audit_after = Read(kAudit);

  const struct {
    const char* killed;
    bool beside, line, renamed;
    int port;
    std::vector<std::string> outcomes;
  } rows[] = {
      {"while the text is written", true, false, false, 25, {"create internet done"}},
      {"after the audit line",
       true,
       true,
       false,
       25,
       {"create internet done", "update internet done", "update internet undone"}},
      {"after the rename", false, true, true, 26, {"create internet done", "update internet done"}},
  };

  for (const auto& row : rows) {
    Write(kFile, row.renamed ? new_text : old_text);
    Write(kAudit, row.line ? audit_after : audit_before);
    if (row.beside) Write(beside, new_text);
    Open();
    ASSERT_TRUE(managed_->Recover().ok()) << row.killed;
    EXPECT_FALSE(There(beside)) << row.killed;
    EXPECT_EQ(Loaded()->FindConnector("internet")->port, row.port) << row.killed;
    EXPECT_EQ(Outcomes(), row.outcomes) << row.killed;
    Open();
    ASSERT_TRUE(managed_->Recover().ok()) << "again, " << row.killed;
    EXPECT_EQ(Outcomes(), row.outcomes) << "again, " << row.killed;
  }
}

TEST_F(ManagedFolderTest, ACreateAndADeleteThatWereCutOffAreUndoneInTheAudit) {
  ASSERT_TRUE(Create(ConnectorFrom("Internet")).status.ok());
  const std::string text = Read(kFile);
  std::filesystem::remove(root_ + "/" + kFile);
  Open();
  ASSERT_TRUE(managed_->Recover().ok());
  EXPECT_THAT(Outcomes(), ElementsAre("create internet done", "create internet undone"));
  ASSERT_TRUE(Create(ConnectorFrom("Internet")).status.ok());
  ASSERT_TRUE(Delete(Kind::kSendConnector, "internet").status.ok());
  Write(kFile, text);
  Open();
  ASSERT_TRUE(managed_->Recover().ok());
  EXPECT_EQ(Outcomes().back(), "delete internet undone");
}

// One process is killed after its line; another goes on without a start between.
TEST_F(ManagedFolderTest, TheNextChangeOfAnyProcessMakesTheAuditTrue) {
  ASSERT_TRUE(Create(ConnectorFrom("Internet")).status.ok());
  ManagedFolder other(settings_, std::make_shared<FolderReader>(root_));
  const std::string text = Read(kFile);
  ASSERT_TRUE(SetPort(26).status.ok());
  Write(kFile, text);  // as if the rename had not come
  Change change;
  change.verb = Change::Verb::kUpdate;
  change.name = "internet";
  change.resource = ResourceFrom("SendConnector", "spec: {comment: x}");
  change.mask.add_paths("spec.comment");
  ASSERT_TRUE(other.Apply(change).status.ok());
  EXPECT_THAT(Outcomes(), ElementsAre("create internet done", "update internet done",
                                      "update internet undone", "update internet done"));
}

TEST_F(ManagedFolderTest, NothingToRecoverIsFine) {
  EXPECT_TRUE(managed_->Recover().ok());
  EXPECT_FALSE(There("managed"));
}

// Of two writers with the same version in hand one wins, and the other is told.
TEST_F(ManagedFolderTest, TwoThreadsAtOnceLoseNothing) {
  const ChangeResult created = Create(ConnectorFrom("Internet", "port: 1000"));
  constexpr int kRounds = 25;
  std::atomic<int> won{0};
  std::atomic<int> conflicts{0};
  // Each adds one to the port it read; a lost change would be a port that is too low.
  const auto count = [&] {
    ManagedFolder folder(settings_, std::make_shared<FolderReader>(root_));
    for (int done = 0; done < kRounds;) {
      const SnapshotPtr now = *LoadFolder(root_);
      const SendConnector* connector = now->FindConnector("internet");
      Change change;
      change.verb = Change::Verb::kUpdate;
      change.name = "internet";
      change.resource_version = connector->version;
      change.resource.mutable_send_connector()->mutable_spec()->set_port(connector->port + 1);
      change.mask.add_paths("spec.port");
      const absl::Status status = folder.Apply(change).status;
      if (status.ok()) {
        ++won;
        ++done;
      } else {
        EXPECT_EQ(status.code(), absl::StatusCode::kAborted) << status;
        ++conflicts;
      }
    }
  };
  std::thread first(count);
  std::thread second(count);
  first.join();
  second.join();
  EXPECT_EQ(won, 2 * kRounds);
  EXPECT_EQ(Loaded()->FindConnector("internet")->port, 1000 + 2 * kRounds);
  EXPECT_EQ(Lines().size(), 1u + 2 * kRounds);
}

TEST_F(ManagedFolderTest, TwoProcessesAtOnceLoseNothing) {
  ASSERT_TRUE(Create(ConnectorFrom("Internet", "port: 1000")).status.ok());
  constexpr int kRounds = 25;
  std::vector<pid_t> children;
  for (int i = 0; i < 2; ++i) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ManagedFolder folder(settings_, std::make_shared<FolderReader>(root_));
      for (int done = 0; done < kRounds;) {
        const auto now = LoadFolder(root_);
        if (!now.ok()) continue;
        const SendConnector* connector = (*now)->FindConnector("internet");
        Change change;
        change.verb = Change::Verb::kUpdate;
        change.name = "internet";
        change.resource_version = connector->version;
        change.resource.mutable_send_connector()->mutable_spec()->set_port(connector->port + 1);
        change.mask.add_paths("spec.port");
        const absl::Status status = folder.Apply(change).status;
        if (status.ok()) ++done;
        if (!status.ok() && !absl::IsAborted(status)) ::_exit(1);
      }
      ::_exit(0);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  EXPECT_EQ(Loaded()->FindConnector("internet")->port, 1000 + 2 * kRounds);
  EXPECT_EQ(Lines().size(), 1u + 2 * kRounds);
}

TEST_F(ManagedFolderTest, AResourceThatNoManifestHoldsIsRefused) {
  v1::Resource resource = ResourceFrom("TransportConfig", "spec: {}");
  for (int i = 0; i < 9000; ++i) {
    resource.mutable_transport_config()->mutable_spec()->add_tls_send_domain_secure_list(
        base::Cat(std::string(60, 'a'), ".", std::string(60, 'b'), ".n", i, ".test"));
  }
  const ChangeResult result = Update(resource);
  EXPECT_EQ(result.status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(TextOf(result.status), HasSubstr("as a manifest it is larger than 1048576 bytes"));
}

}  // namespace
}  // namespace postern::directory
