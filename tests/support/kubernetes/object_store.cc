#include "tests/support/kubernetes/object_store.h"

#include <utility>

#include "google/protobuf/util/message_differencer.h"

#include "common/base/check.h"
#include "common/base/text.h"

namespace postern::testing {

namespace {

using google::protobuf::util::MessageDifferencer;
using kubernetes::At;
using kubernetes::Find;
using kubernetes::NumberAt;
using kubernetes::SetNumber;
using kubernetes::SetText;
using kubernetes::TextAt;

std::string KeyOf(const std::string& collection, const std::string& name) {
  return base::Cat(collection, "/", name);
}

bool SameField(const Json& a, const Json& b, std::string_view name) {
  const Json* const left = Find(a, {name});
  const Json* const right = Find(b, {name});
  if (left == nullptr || right == nullptr) return left == right;
  return MessageDifferencer::Equals(*left, *right);
}

void CopyField(const Json& from, std::string_view name, Json& to) {
  if (const Json* field = Find(from, {name})) {
    At(to, {name}) = *field;
  } else {
    to.mutable_struct_value()->mutable_fields()->erase(std::string(name));
  }
}

// RFC 7396.
void Merge(const Json& patch, Json& target) {
  if (!patch.has_struct_value()) {
    target = patch;
    return;
  }
  for (const auto& [name, value] : patch.struct_value().fields()) {
    if (value.has_null_value()) {
      target.mutable_struct_value()->mutable_fields()->erase(name);
    } else {
      Merge(value, (*target.mutable_struct_value()->mutable_fields())[name]);
    }
  }
}

// A value of `wanted` that `held` has otherwise.
bool Contradicts(const Json& wanted, const Json& held) {
  if (!wanted.has_struct_value() || !held.has_struct_value()) {
    return !MessageDifferencer::Equals(wanted, held);
  }
  for (const auto& [name, value] : wanted.struct_value().fields()) {
    const Json* const other = Find(held, {name});
    if (other != nullptr && Contradicts(value, *other)) return true;
  }
  return false;
}

ApiAnswer NotFound(const ApiRequest& request) {
  return Refusal(404, "NotFound", base::Cat("\"", request.name, "\" not found"));
}

ApiAnswer Conflict() {
  return Refusal(409, "Conflict", "the object has been modified; apply your changes to the latest");
}

}  // namespace

Json KubernetesObject(std::string_view kind, std::string_view name, std::string_view spec) {
  auto parsed = kubernetes::ParseJson(spec);
  POSTERN_CHECK(parsed.ok());
  Json object;
  SetText(object, {"apiVersion"}, "postern.dev/v1");
  SetText(object, {"kind"}, kind);
  SetText(object, {"metadata", "name"}, name);
  At(object, {"spec"}) = *parsed;
  return object;
}

const std::string& KindOfPlural(const std::string& plural) {
  static const std::map<std::string, std::string> kKinds = {{"accepteddomains", "AcceptedDomain"},
                                                            {"sendconnectors", "SendConnector"},
                                                            {"sites", "Site"},
                                                            {"sitelinks", "SiteLink"},
                                                            {"transportconfigs", "TransportConfig"},
                                                            {"transportservers", "TransportServer"},
                                                            {"leases", "Lease"},
                                                            {"statefulsets", "StatefulSet"}};
  return kKinds.at(plural);
}

ApiAnswer Refusal(int code, std::string_view reason, std::string_view message) {
  ApiAnswer answer;
  answer.code = code;
  SetText(answer.body, {"kind"}, "Status");
  SetText(answer.body, {"status"}, "Failure");
  SetText(answer.body, {"reason"}, reason);
  SetText(answer.body, {"message"}, message);
  SetNumber(answer.body, {"code"}, code);
  return answer;
}

ApiAnswer ObjectStore::Do(const ApiRequest& request) {
  if (request.name.empty()) {
    return request.method == "POST" ? Create(request) : List(request);
  }
  if (request.method == "PATCH") return Patch(request);
  if (request.method == "DELETE") return Delete(request);
  auto held = Get(request.collection, request.name);
  if (!held) return NotFound(request);
  if (request.method == "GET") return {200, *held};
  Json object = request.body;
  return Replace(request, object);
}

ApiAnswer ObjectStore::List(const ApiRequest& request) const {
  const auto limit_text = request.query.find("limit");
  const auto from = request.query.find("continue");
  const std::size_t limit =
      limit_text == request.query.end() ? 1'000'000 : std::stoul(limit_text->second);
  ApiAnswer answer;
  auto& items = *At(answer.body, {"items"}).mutable_list_value();
  std::string next;
  const auto found = collections_.find(request.collection);
  if (found != collections_.end()) {
    auto at = found->second.begin();
    if (from != request.query.end()) at = found->second.lower_bound(from->second);
    for (; at != found->second.end(); ++at) {
      if (static_cast<std::size_t>(items.values_size()) == limit) {
        next = at->first;
        break;
      }
      *items.add_values() = at->second;
    }
  }
  const std::string plural = request.collection.substr(request.collection.rfind('/') + 1);
  SetText(answer.body, {"kind"}, base::Cat(KindOfPlural(plural), "List"));
  SetText(answer.body, {"metadata", "resourceVersion"}, std::to_string(version_));
  if (!next.empty()) SetText(answer.body, {"metadata", "continue"}, next);
  return answer;
}

ApiAnswer ObjectStore::Create(const ApiRequest& request) {
  const std::string name = TextAt(request.body, {"metadata", "name"});
  if (Get(request.collection, name)) {
    return Refusal(409, "AlreadyExists", base::Cat("\"", name, "\" already exists"));
  }
  return {201, Store(request.collection, name, request.body, "create")};
}

ApiAnswer ObjectStore::Replace(const ApiRequest& request, Json& object) {
  const std::string version = TextAt(object, {"metadata", "resourceVersion"});
  const Json held = *Get(request.collection, request.name);
  if (!version.empty() && version != TextAt(held, {"metadata", "resourceVersion"})) {
    return Conflict();
  }
  // Each of the two halves is written by its own path.
  if (request.status) {
    CopyField(held, "spec", object);
  } else {
    CopyField(held, "status", object);
  }
  return {200, Store(request.collection, request.name, object, "replace")};
}

ApiAnswer ObjectStore::Patch(const ApiRequest& request) {
  const auto held = Get(request.collection, request.name);
  const bool apply = request.content_type == "application/apply-patch+yaml";
  if (!held && !apply) return NotFound(request);
  if (!held) return {201, Store(request.collection, request.name, request.body, "apply")};
  const auto manager = managers_.find(KeyOf(request.collection, request.name));
  const Json* const wanted = Find(request.body, {"spec"});
  if (apply && wanted != nullptr && manager->second != "apply" &&
      Contradicts(*wanted, *Find(*held, {"spec"}))) {
    return Refusal(409, "Conflict", "Apply failed with 1 conflict: conflict with \"kubectl\"");
  }
  Json object = *held;
  Merge(request.body, object);
  return Replace(request, object);
}

ApiAnswer ObjectStore::Delete(const ApiRequest& request) {
  const auto held = Get(request.collection, request.name);
  if (!held) return NotFound(request);
  const std::string version = TextAt(request.body, {"preconditions", "resourceVersion"});
  if (!version.empty() && version != TextAt(*held, {"metadata", "resourceVersion"})) {
    return Conflict();
  }
  Remove(request.collection, request.name);
  return {200, *held};
}

void ObjectStore::Put(const std::string& collection, Json object) {
  const std::string name = TextAt(object, {"metadata", "name"});
  if (const auto held = Get(collection, name)) CopyField(*held, "status", object);
  Store(collection, name, std::move(object), "kubectl");
}

Json& ObjectStore::Store(const std::string& collection,
                         const std::string& name,
                         Json object,
                         std::string_view manager) {
  auto& objects = collections_[collection];
  const auto held = objects.find(name);
  const bool added = held == objects.end();
  const bool same_spec = !added && SameField(held->second, object, "spec");
  const std::int64_t generation =
      added ? 1 : NumberAt(held->second, {"metadata", "generation"}) + (same_spec ? 0 : 1);
  ++version_;
  SetText(object, {"metadata", "uid"},
          added ? base::Cat("uid-", version_) : TextAt(held->second, {"metadata", "uid"}));
  SetText(object, {"metadata", "resourceVersion"}, std::to_string(version_));
  SetNumber(object, {"metadata", "generation"}, generation);
  if (!same_spec) managers_[KeyOf(collection, name)] = std::string(manager);
  events_[collection].push_back({version_, added ? "ADDED" : "MODIFIED", object});
  return objects[name] = std::move(object);
}

void ObjectStore::Remove(const std::string& collection, const std::string& name) {
  auto& objects = collections_[collection];
  const auto held = objects.find(name);
  if (held == objects.end()) return;
  ++version_;
  SetText(held->second, {"metadata", "resourceVersion"}, std::to_string(version_));
  events_[collection].push_back({version_, "DELETED", held->second});
  objects.erase(held);
}

std::optional<Json> ObjectStore::Get(const std::string& collection, const std::string& name) const {
  const auto objects = collections_.find(collection);
  if (objects == collections_.end()) return std::nullopt;
  const auto found = objects->second.find(name);
  if (found == objects->second.end()) return std::nullopt;
  return found->second;
}

void ObjectStore::Compact() {
  compacted_ = ++version_;
  events_.clear();
}

std::vector<ObjectStore::Event> ObjectStore::EventsAfter(const std::string& collection,
                                                         std::int64_t version) const {
  std::vector<Event> after;
  const auto found = events_.find(collection);
  if (found == events_.end()) return after;
  for (const Event& event : found->second) {
    if (event.version > version) after.push_back(event);
  }
  return after;
}

}  // namespace postern::testing
