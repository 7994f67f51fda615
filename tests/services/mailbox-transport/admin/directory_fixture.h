// tests/services/mailbox-transport/admin/directory_fixture.h
//
// A writer's directory: a folder, the watch of it, the files of the admin API, and what answers
// for them; without gRPC.

#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/directory/file_source.h"
#include "services/mailbox-transport/admin/directory_changes.h"
#include "services/mailbox-transport/admin/directory_reads.h"
#include "tests/common/directory/directory_folder.h"

namespace postern::admin {

class DirectoryFixture : public directory::testing::DirectoryFolder {
 protected:
  DirectoryFixture() {
    settings_.poll_interval.value = absl::Hours(1);  // what comes into force comes by LoadNow
    watch_ = std::make_unique<directory::FileSource>(settings_);
    EXPECT_TRUE(watch_
                    ->Start([this](const directory::SnapshotPtr&) {
                      if (changed_) changed_();
                    })
                    .ok());
    managed_ = std::make_unique<directory::ManagedFolder>(settings_, watch_->reader());
    changes_ = std::make_unique<DirectoryChanges>(ChangesParts());
  }

  ~DirectoryFixture() override { watch_->Stop(); }

  DirectoryChanges::Parts ChangesParts() {
    return {*watch_,
            readiness_,
            probe_,
            "mbx-0",
            "",
            managed_.get(),
            [this] { return watch_->LoadNow(); }};
  }

  absl::Status CreateNow(const v1::Resource& resource, bool dry_run = false) {
    v1::CreateResourceRequest request;
    *request.mutable_resource() = resource;
    request.set_dry_run(dry_run);
    response_.Clear();
    return changes_->Create(who_, request, response_);
  }

  absl::Status UpdateNow(const v1::Resource& resource, const std::string& path) {
    v1::UpdateResourceRequest request;
    *request.mutable_resource() = resource;
    request.mutable_update_mask()->add_paths(path);
    response_.Clear();
    return changes_->Update(who_, request, response_);
  }

  absl::Status DeleteNow(const std::string& kind, const std::string& name) {
    v1::DeleteResourceRequest request;
    request.set_kind(kind);
    request.set_name(name);
    response_.Clear();
    return changes_->Delete(who_, request, response_);
  }

  double Counted(const std::string& kind, ChangeOutcome outcome) const {
    const std::string line = base::Cat("postern_directory_changes_total{kind=\"", kind,
                                       "\",outcome=\"", NameOf(outcome), "\"} ");
    const std::string text = registry_.Text();
    const auto at = text.find(line);
    return at == std::string::npos ? -1 : std::stod(text.substr(at + line.size()));
  }

  observe::Registry registry_;
  DirectoryProbe probe_{registry_};
  std::optional<connector::NotReady> missing_;  // what the check of secrets says
  Readiness readiness_{"mbx-0", [this](const connector::SendConnector&) { return missing_; }};
  std::unique_ptr<directory::FileSource> watch_;
  std::function<void()> changed_;
  std::unique_ptr<DirectoryChanges> changes_;
  rpc::Identity who_{"spiffe://postern.test/main/administrator", "main", "administrator", {}};
  v1::ChangeResponse response_;
};

}  // namespace postern::admin
