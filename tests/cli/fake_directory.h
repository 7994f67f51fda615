// tests/cli/fake_directory.h
//
// FakeDirectory: the Directory service in memory, small and honest: the real rules, content hashes
// as versions, masks, conflicts, pages and dry runs.

#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "cli/resource_fields.h"
#include "common/base/text.h"
#include "common/connector/content_hash.h"
#include "common/connector/presets.h"
#include "common/connector/send_connector.h"
#include "common/connector/validate.h"
#include "common/directory/rules.h"
#include "postern/v1/directory.grpc.pb.h"

namespace postern::cli {

class FakeDirectory final : public v1::Directory::Service {
 public:
  // What a test begins with; every rule must hold.
  void Put(v1::Resource resource) {
    resources_[{KindOf(resource), MetadataOf(resource).name()}] = std::move(resource);
  }

  void PutSite(const std::string& site, const std::string& server) {
    v1::Resource one = NewResource("Site");
    MetadataOf(one).set_name(site);
    Put(one);
    v1::Resource two = NewResource("TransportServer");
    MetadataOf(two).set_name(server);
    two.mutable_transport_server()->mutable_spec()->set_site(site);
    Put(two);
  }

  bool Has(const std::string& kind, const std::string& name) const {
    return resources_.count({kind, name}) != 0;
  }

  // As it is stored, without defaults.
  v1::Resource& Stored(const std::string& kind, const std::string& name) {
    return resources_.at({kind, name});
  }

  v1::SendConnectorSpec& Connector(const std::string& name) {
    return *Stored("SendConnector", name).mutable_send_connector()->mutable_spec();
  }

  grpc::Status Get(grpc::ServerContext*,
                   const v1::GetResourceRequest* request,
                   v1::Resource* response) override {
    const auto found = Find(request->kind(), request->name());
    if (found == resources_.end()) return NotThere(request->kind(), request->name());
    *response = Shown(found->second);
    return grpc::Status::OK;
  }

  grpc::Status List(grpc::ServerContext*,
                    const v1::ListResourcesRequest* request,
                    v1::ListResourcesResponse* response) override {
    std::vector<v1::Resource> all;
    for (const auto& [key, resource] : resources_) {
      if (request->kind().empty() || key.first == request->kind()) all.push_back(Shown(resource));
    }
    const int size = std::min(page_size_max, request->page_size());
    std::size_t at = base::ParseUnsigned(request->page_token()).value_or(0);
    for (; at < all.size() && response->resources_size() < size; ++at)
      *response->add_resources() = all[at];
    if (at < all.size()) response->set_next_page_token(base::Cat(at));
    return grpc::Status::OK;
  }

  grpc::Status Create(grpc::ServerContext* call,
                      const v1::CreateResourceRequest* request,
                      v1::ChangeResponse* response) override {
    if (!writer.empty()) return AtTheWriter(*call);
    v1::Resource resource = request->resource();
    if (MetadataOf(resource).name().empty())
      MetadataOf(resource).set_name(SlugOf(NameOf(resource)));
    if (Find(KindOf(resource), NameOf(resource)) != resources_.end()) {
      return {grpc::ALREADY_EXISTS,
              base::Cat(KindOf(resource), " \"", NameOf(resource), "\": there is one already")};
    }
    return Store(v1::Resource(), std::move(resource), request->dry_run(), *response);
  }

  grpc::Status Update(grpc::ServerContext* call,
                      const v1::UpdateResourceRequest* request,
                      v1::ChangeResponse* response) override {
    if (!writer.empty()) return AtTheWriter(*call);
    const std::string kind = KindOf(request->resource());
    const std::string& name = MetadataOf(request->resource()).name();
    if (before_update) before_update();
    const auto found = Find(kind, name);
    if (found == resources_.end()) return NotThere(kind, name);
    const std::string& version = MetadataOf(request->resource()).resource_version();
    if (!version.empty() && version != VersionOf(found->second)) {
      return {grpc::ABORTED, base::Cat(kind, " \"", name, "\": it has changed since it was read")};
    }
    masks.push_back({request->update_mask().paths().begin(), request->update_mask().paths().end()});
    v1::Resource after = found->second;
    Message& spec = SpecOf(after);
    if (request->update_mask().paths().empty()) spec.CopyFrom(SpecOf(request->resource()));
    for (const std::string& path : request->update_mask().paths()) {
      if (!CopyField(path, SpecOf(request->resource()), spec)) {
        return {grpc::INVALID_ARGUMENT, base::Cat("update_mask: \"", path, "\": is no field")};
      }
    }
    if (after.has_send_connector() && UsageOf(after) != UsageOf(found->second)) {
      return {grpc::INVALID_ARGUMENT,
              base::Cat("spec.usage: \"", UsageOf(after),
                        "\": the usage of a Send connector cannot be changed")};
    }
    return Store(found->second, std::move(after), request->dry_run(), *response);
  }

  grpc::Status Delete(grpc::ServerContext* call,
                      const v1::DeleteResourceRequest* request,
                      v1::ChangeResponse* response) override {
    if (!writer.empty()) return AtTheWriter(*call);
    const auto found = Find(request->kind(), request->name());
    if (found == resources_.end()) return NotThere(request->kind(), request->name());
    if (!request->resource_version().empty() &&
        request->resource_version() != VersionOf(found->second)) {
      return {grpc::ABORTED, "it has changed since it was read"};
    }
    *response->mutable_before() = Shown(found->second);
    response->set_changed(true);
    if (!request->dry_run()) resources_.erase(found);
    return grpc::Status::OK;
  }

  std::string writer;                   // another server's address: changes are refused
  std::function<void()> before_update;  // somebody who is faster
  int page_size_max = 1000;
  std::vector<std::vector<std::string>> masks;  // of the updates
  // By resource name: the reason why it is not ready.
  std::map<std::string, std::string> not_ready;

 private:
  using Key = std::pair<std::string, std::string>;
  using Resources = std::map<Key, v1::Resource>;

  Resources::iterator Find(const std::string& kind, const std::string& name) {
    return std::find_if(resources_.begin(), resources_.end(), [&](const auto& one) {
      return one.first.first == kind && (base::EqualsIgnoreCase(one.first.second, name) ||
                                         base::EqualsIgnoreCase(NameOf(one.second), name));
    });
  }

  static std::string UsageOf(const v1::Resource& resource) {
    return connector::WithPresets(resource.send_connector().spec()).usage();
  }

  static grpc::Status NotThere(const std::string& kind, const std::string& name) {
    return {grpc::NOT_FOUND, base::Cat(kind, " \"", name, "\": there is none in the directory")};
  }

  grpc::Status AtTheWriter(grpc::ServerContext& call) const {
    call.AddTrailingMetadata("postern-directory-writer", writer);
    return {grpc::FAILED_PRECONDITION, "this server does not write the directory"};
  }

  static std::string VersionOf(const v1::Resource& resource) {
    return connector::ContentHash(ObjectOf(Defaulted(resource)));
  }

  // With every default filled in, as a service shows it.
  static v1::Resource Defaulted(const v1::Resource& from) {
    v1::Resource to = from;
    if (from.has_send_connector()) {
      *to.mutable_send_connector() =
          connector::ToResource(*connector::FromResource(from.send_connector()));
    } else if (from.has_site()) {
      *to.mutable_site() = directory::ToResource(directory::SiteFrom(from.site()));
    } else if (from.has_site_link()) {
      *to.mutable_site_link() = directory::ToResource(directory::LinkFrom(from.site_link()));
    } else if (from.has_transport_server()) {
      *to.mutable_transport_server() =
          directory::ToResource(directory::ServerFrom(from.transport_server()));
    } else if (from.has_accepted_domain()) {
      *to.mutable_accepted_domain() =
          directory::ToResource(directory::DomainFrom(from.accepted_domain()));
    } else {
      *to.mutable_transport_config() =
          directory::ToResource(directory::ConfigFrom(from.transport_config()));
    }
    return to;
  }

  v1::Resource Shown(const v1::Resource& from) const {
    v1::Resource to = Defaulted(from);
    MetadataOf(to).set_resource_version(VersionOf(from));
    if (!to.has_send_connector()) return to;
    v1::Condition& ready = *to.mutable_send_connector()->mutable_status()->add_conditions();
    const auto reason = not_ready.find(MetadataOf(to).name());
    ready.set_type("Ready");
    ready.set_status(reason == not_ready.end() ? "True" : "False");
    ready.set_reason(reason == not_ready.end() ? "" : reason->second);
    return to;
  }

  static std::string Findings(const v1::Resource& resource) {
    if (resource.has_send_connector()) {
      return connector::Join(connector::Validate(resource.send_connector()));
    }
    if (resource.has_site()) return connector::Join(directory::Validate(resource.site()));
    if (resource.has_site_link()) return connector::Join(directory::Validate(resource.site_link()));
    if (resource.has_transport_server()) {
      return connector::Join(directory::Validate(resource.transport_server()));
    }
    if (resource.has_accepted_domain()) {
      return connector::Join(directory::Validate(resource.accepted_domain()));
    }
    return connector::Join(directory::Validate(resource.transport_config()));
  }

  static bool CopyField(const std::string& path, const Message& from, Message& to) {
    if (!path.starts_with("spec.")) return false;
    const FieldDescriptor* field = to.GetDescriptor()->FindFieldByName(path.substr(5));
    if (field == nullptr) return false;
    const std::unique_ptr<Message> only(from.New());
    only->CopyFrom(from);
    std::vector<const FieldDescriptor*> set;
    only->GetReflection()->ListFields(*only, &set);
    for (const FieldDescriptor* other : set) {
      if (other != field) only->GetReflection()->ClearField(only.get(), other);
    }
    to.GetReflection()->ClearField(&to, field);
    to.MergeFrom(*only);
    return true;
  }

  grpc::Status Store(const v1::Resource& before,
                     v1::Resource after,
                     bool dry_run,
                     v1::ChangeResponse& response) {
    const std::string findings = Findings(after);
    if (!findings.empty()) return {grpc::INVALID_ARGUMENT, findings};
    if (after.has_send_connector()) {
      for (const std::string& warning : connector::WarningsFor(after.send_connector()))
        response.add_warnings(warning);
    }
    if (!HoldsNone(before)) *response.mutable_before() = Shown(before);
    *response.mutable_after() = Shown(after);
    response.set_changed(HoldsNone(before) || VersionOf(before) != VersionOf(after));
    if (!dry_run) Put(std::move(after));
    return grpc::Status::OK;
  }

  Resources resources_;
};

}  // namespace postern::cli
