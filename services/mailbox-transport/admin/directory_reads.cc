#include "services/mailbox-transport/admin/directory_reads.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "common/base/text.h"
#include "common/directory/field_paths.h"

namespace postern::admin {

namespace {

using directory::Kind;
using directory::KindOf;
using directory::ObjectOf;
using directory::ResourceIndex;
using directory::ResourceKey;
using directory::StatusOf;

// A token is the last key of its page: what is added and removed meanwhile moves no page. The digit
// in front is for another form some day.
constexpr std::string_view kTokenForm = "1";

template <typename... Parts>
absl::Status Invalid(const Parts&... parts) {
  return base::Error(absl::StatusCode::kInvalidArgument, parts...);
}

std::string TokenOf(const std::string& filter, const ResourceKey& last) {
  return base::Base64(
      base::Cat(kTokenForm, "\n", filter, "\n", NameOf(last.kind), "\n", last.name));
}

absl::StatusOr<ResourceKey> ParseToken(const std::string& token, const std::string& filter) {
  const auto text = base::FromBase64(token);
  const auto parts = base::Split(text ? std::string_view(*text) : std::string_view(), '\n');
  if (parts.size() != 4 || parts[0] != kTokenForm) {
    return Invalid("page_token: \"", base::Printable(token), "\": is not one of ours");
  }
  if (parts[1] != filter) return Invalid("page_token: is of a list of another kind");
  const auto kind = directory::ParseKind(parts[2]);
  if (!kind) return Invalid("page_token: \"", base::Printable(token), "\": is not one of ours");
  return ResourceKey{*kind, std::string(parts[3])};
}

// What of each kind an answer keeps.
class ReadMask {
 public:
  // A path must be a field of one of the kinds that are asked for.
  static absl::StatusOr<ReadMask> Parse(const google::protobuf::FieldMask& mask,
                                        const std::vector<Kind>& kinds) {
    ReadMask parsed;
    std::map<Kind, google::protobuf::FieldMask> known;
    for (const std::string& path : mask.paths()) {
      google::protobuf::FieldMask one;
      one.add_paths(path);
      absl::Status unknown;
      bool found = false;
      for (const Kind kind : kinds) {
        const auto paths = directory::FieldPaths::Parse(one, DescriptorOf(kind));
        if (!paths.ok()) unknown = paths.status();
        if (!paths.ok()) continue;
        known[kind].add_paths(path);
        found = true;
      }
      if (!found) return base::Annotate(unknown, "read");
    }
    if (mask.paths().empty()) return parsed;
    for (const Kind kind : kinds) {
      auto paths = directory::FieldPaths::Parse(known[kind], DescriptorOf(kind));
      if (!paths.ok()) return paths.status();
      for (const char* always : {"metadata", "api_version", "kind"})
        paths->Add(DescriptorOf(kind).FindFieldByName(always));
      parsed.by_kind_.emplace(kind, *std::move(paths));
    }
    return parsed;
  }

  void Apply(v1::Resource& resource) const {
    const auto found = by_kind_.find(KindOf(resource));
    if (found != by_kind_.end()) found->second.Keep(ObjectOf(resource));
  }

 private:
  std::map<Kind, directory::FieldPaths> by_kind_;
};

absl::StatusOr<int> PageSize(const v1::ListResourcesRequest& request) {
  if (request.page_size() == 0) return DirectoryReads::kPageDefault;
  if (request.page_size() > 0 && request.page_size() <= DirectoryReads::kPageMost) {
    return request.page_size();
  }
  return Invalid("page_size: ", request.page_size(), ": is from 1 to ", DirectoryReads::kPageMost,
                 ", or 0 for ", DirectoryReads::kPageDefault);
}

}  // namespace

absl::StatusOr<Kind> KindFrom(const std::string& word) {
  if (const auto kind = directory::ParseKind(word)) return *kind;
  return Invalid("kind: \"", base::Printable(word), "\": is ", directory::kKindWords);
}

directory::ResourceIndexPtr DirectoryReads::index() const {
  const directory::SnapshotPtr snapshot = source_.current();
  const std::lock_guard lock(mutex_);
  if (index_ == nullptr || &index_->snapshot() != snapshot.get()) {
    index_ = std::make_shared<const ResourceIndex>(snapshot);
  }
  return index_;
}

void DirectoryReads::SetStatus(const directory::Snapshot& snapshot, v1::Resource& resource) const {
  if (!resource.has_send_connector()) return;
  const auto* connector = snapshot.FindConnector(resource.send_connector().spec().name());
  if (connector == nullptr) return;
  *StatusOf(resource).add_conditions() = readiness_.ConditionOf(*connector, snapshot);
}

absl::Status DirectoryReads::Get(const v1::GetResourceRequest& request,
                                 v1::Resource& response) const {
  const auto kind = KindFrom(request.kind());
  if (!kind.ok()) return kind.status();
  const auto mask = ReadMask::Parse(request.read_mask(), {*kind});
  if (!mask.ok()) return mask.status();
  const directory::ResourceIndexPtr all = index();
  const auto row = all->Find(*kind, request.name());
  if (!row) {
    return base::Error(absl::StatusCode::kNotFound, NameOf(*kind), " \"",
                       base::Printable(request.name()), "\": there is none in the directory");
  }
  response = all->At(*row);
  SetStatus(all->snapshot(), response);
  mask->Apply(response);
  return absl::OkStatus();
}

absl::Status DirectoryReads::List(const v1::ListResourcesRequest& request,
                                  v1::ListResourcesResponse& response) const {
  std::vector<Kind> kinds;
  if (!request.kind().empty()) {
    const auto only = KindFrom(request.kind());
    if (!only.ok()) return only.status();
    kinds = {*only};
  } else {
    for (std::size_t i = 0; i < directory::kKinds; ++i)
      kinds.push_back(static_cast<Kind>(i));
  }
  const auto page_size = PageSize(request);
  if (!page_size.ok()) return page_size.status();
  const auto mask = ReadMask::Parse(request.read_mask(), kinds);
  if (!mask.ok()) return mask.status();
  const directory::ResourceIndexPtr all = index();
  std::size_t row = all->FirstOf(kinds.front());
  if (!request.page_token().empty()) {
    const auto last = ParseToken(request.page_token(), request.kind());
    if (!last.ok()) return last.status();
    row = std::max(row, all->After(*last));
  }

  response.set_snapshot_version(all->snapshot().version());
  std::size_t bytes = 0;
  for (; row < all->rows().size() && all->rows()[row].key.kind <= kinds.back(); ++row) {
    v1::Resource resource = all->At(row);
    SetStatus(all->snapshot(), resource);
    mask->Apply(resource);
    bytes += resource.ByteSizeLong();
    const bool full = response.resources_size() == *page_size ||
                      (bytes > kPageBytesMax && response.resources_size() > 0);
    if (full) {
      response.set_next_page_token(TokenOf(request.kind(), all->rows()[row - 1].key));
      return absl::OkStatus();
    }
    response.add_resources()->Swap(&resource);
  }
  return absl::OkStatus();
}

}  // namespace postern::admin
