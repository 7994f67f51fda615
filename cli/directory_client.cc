#include "cli/directory_client.h"

#include "cli/resource_fields.h"
#include "cli/table.h"
#include "common/base/text.h"
#include "common/connector/send_connector.h"

namespace postern::cli {

namespace {

constexpr int kPageSize = 500;

absl::StatusOr<std::unique_ptr<Connection>> Opened(const ConnectionOptions& options) {
  auto connection = Connection::Open(options);
  if (!connection.ok()) return connection.status();
  return std::make_unique<Connection>(*std::move(connection));
}

}  // namespace

absl::StatusOr<Connection*> DirectoryClient::Asked() {
  if (asked_ == nullptr) {
    auto connection = Opened(options_);
    if (!connection.ok()) return connection.status();
    asked_ = *std::move(connection);
  }
  return asked_.get();
}

absl::StatusOr<Connection*> DirectoryClient::Current() {
  if (writer_ != nullptr) return writer_.get();
  return Asked();
}

void DirectoryClient::Say(std::string_view what) {
  if (verbose_) shell_.err << "VERBOSE: " << ForTerminal(what) << '\n';
}

absl::StatusOr<v1::Resource> DirectoryClient::Get(std::string_view kind, std::string_view name) {
  const auto connection = Current();
  if (!connection.ok()) return connection.status();
  Say(base::Cat("Get ", kind, " ", name));
  v1::GetResourceRequest request;
  request.set_kind(std::string(kind));
  request.set_name(std::string(name));
  auto resource = (*connection)->Ask(request);
  if (resource.ok() && (HoldsNone(*resource) || KindOf(*resource) != kind)) {
    return base::Error(absl::StatusCode::kInternal, "the server answered with another kind than ",
                       kind);
  }
  return resource;
}

absl::StatusOr<std::vector<v1::Resource>> DirectoryClient::List(std::string_view kind) {
  const auto connection = Current();
  if (!connection.ok()) return connection.status();
  Say(base::Cat("List ", kind));
  v1::ListResourcesRequest request;
  request.set_kind(std::string(kind));
  request.set_page_size(kPageSize);
  std::vector<v1::Resource> resources;
  do {
    auto page = (*connection)->Ask(request);
    if (!page.ok()) return page.status();
    for (v1::Resource& resource : *page->mutable_resources()) {
      if (!HoldsNone(resource)) resources.push_back(std::move(resource));
    }
    if (resources.size() > kResourcesMax) {
      return base::Error(absl::StatusCode::kResourceExhausted, "the server lists more than ",
                         kResourcesMax, " resources");
    }
    // A page without anything that promises more would be asked for for ever.
    const bool last = page->resources().empty();
    request.set_page_token(last ? "" : page->next_page_token());
  } while (!request.page_token().empty());
  return resources;
}

template <typename Request>
absl::StatusOr<v1::ChangeResponse> DirectoryClient::Change(const Request& request,
                                                           std::string_view what) {
  const auto connection = Current();
  if (!connection.ok()) return connection.status();
  Say(what);
  auto response = (*connection)->Ask(request);
  if (response.ok() || writer_ != nullptr) return response;
  const auto writer = WriterOf(response.status());
  if (!writer) return response;
  ConnectionOptions there = options_;
  there.address = *writer;
  auto opened = Opened(there);
  if (!opened.ok()) return base::Annotate(opened.status(), *writer);
  shell_.err << ForTerminal(base::Cat("the directory is written at ", *writer,
                                      ": the change is made there"))
             << '\n';
  writer_ = *std::move(opened);
  return writer_->Ask(request);
}

absl::StatusOr<v1::ChangeResponse> DirectoryClient::Create(const v1::Resource& resource,
                                                           bool dry_run) {
  v1::CreateResourceRequest request;
  *request.mutable_resource() = resource;
  request.set_dry_run(dry_run);
  return Change(request, base::Cat("Create ", KindOf(resource), " ", NameOf(resource)));
}

absl::StatusOr<v1::ChangeResponse> DirectoryClient::Update(const v1::Resource& resource,
                                                           const std::vector<std::string>& mask,
                                                           bool dry_run) {
  v1::UpdateResourceRequest request;
  *request.mutable_resource() = resource;
  for (const std::string& path : mask)
    request.mutable_update_mask()->add_paths(path);
  request.set_dry_run(dry_run);
  return Change(request, base::Cat("Update ", KindOf(resource), " ", MetadataOf(resource).name(),
                                   ": ", base::Join(mask, ", ")));
}

absl::StatusOr<v1::ChangeResponse> DirectoryClient::Delete(const v1::Resource& resource,
                                                           bool dry_run) {
  v1::DeleteResourceRequest request;
  request.set_kind(KindOf(resource));
  request.set_name(MetadataOf(resource).name());
  request.set_resource_version(MetadataOf(resource).resource_version());
  request.set_dry_run(dry_run);
  return Change(request, base::Cat("Delete ", request.kind(), " ", request.name()));
}

absl::StatusOr<std::string> DirectoryClient::OwnName() {
  const auto connection = Asked();
  if (!connection.ok()) return connection.status();
  // Every queue's identity begins with the server's name, and this queue is always there.
  v1::GetQueueRequest queues;
  queues.set_identity("Submission");
  const auto answer = (*connection)->Ask(queues);
  if (!answer.ok()) return answer.status();
  const std::string identity = answer->queues().empty() ? "" : answer->queues(0).identity();
  return base::LowerAscii(identity.substr(0, identity.find('\\')));
}

absl::StatusOr<Connection*> DirectoryClient::ServerNamed(std::string_view name) {
  const auto own = OwnName();
  if (!own.ok()) return own.status();
  if (base::EqualsIgnoreCase(*own, name)) return Asked();
  v1::GetResourceRequest request;
  request.set_kind("TransportServer");
  request.set_name(base::LowerAscii(name));
  const auto resource = asked_->Ask(request);
  if (!resource.ok()) return base::Annotate(resource.status(), base::Cat("server ", name));
  ConnectionOptions there = options_;
  there.address = resource->transport_server().spec().relay_address();
  if (there.address.empty()) {
    return base::Error(absl::StatusCode::kFailedPrecondition, "server ", name,
                       ": it has no relayAddress; name its admin port with --server host:port");
  }
  auto opened = Opened(there);
  if (!opened.ok()) return base::Annotate(opened.status(), there.address);
  named_ = *std::move(opened);
  return named_.get();
}

absl::StatusOr<std::string> DirectoryClient::OwnSite() {
  const auto own = OwnName();
  if (!own.ok()) return own.status();
  const std::string& server = *own;
  v1::GetResourceRequest request;
  request.set_kind("TransportServer");
  request.set_name(server);
  const auto resource = asked_->Ask(request);
  if (!resource.ok() && resource.status().code() != absl::StatusCode::kNotFound) {
    return resource.status();
  }
  if (!resource.ok() || resource->transport_server().spec().site().empty()) {
    return base::Error(absl::StatusCode::kNotFound, "the directory has no TransportServer \"",
                       server, "\", so its site is not known");
  }
  return connector::SourceOfSite(resource->transport_server().spec().site());
}

}  // namespace postern::cli
