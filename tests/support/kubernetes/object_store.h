// tests/support/kubernetes/object_store.h
//
// What an API server keeps: objects by collection, their versions, and the events since.
//
// Flow      Do(request) answers what a client asks; a watch reads EventsAfter.
// Lifetime  Not thread-safe: the server locks.
// Limits    Merge patches, and of server-side apply the part that one manager of whole specs needs.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/kubernetes/json.h"

namespace postern::testing {

using kubernetes::Json;

// {"apiVersion": ..., "spec": <spec>, ...} of one object that a test writes down.
Json KubernetesObject(std::string_view kind, std::string_view name, std::string_view spec);

struct ApiRequest {
  std::string method;
  std::string collection;  // "/apis/postern.dev/v1/namespaces/mail/sites"
  std::string name;
  bool status = false;  // the subresource
  std::map<std::string, std::string> query;
  std::string content_type;
  Json body;
};

struct ApiAnswer {
  int code = 200;
  Json body;
};

class ObjectStore {
 public:
  struct Event {
    std::int64_t version = 0;
    std::string type;
    Json object;
  };

  ApiAnswer Do(const ApiRequest& request);

  // As a client would, with no regard to versions.
  void Put(const std::string& collection, Json object);
  void Remove(const std::string& collection, const std::string& name);
  std::optional<Json> Get(const std::string& collection, const std::string& name) const;

  // What happened before now is forgotten: a watch from there gets 410.
  void Compact();

  bool remembers(std::int64_t version) const { return version >= compacted_; }

  std::vector<Event> EventsAfter(const std::string& collection, std::int64_t version) const;

  std::int64_t version() const { return version_; }

 private:
  ApiAnswer List(const ApiRequest& request) const;
  ApiAnswer Create(const ApiRequest& request);
  ApiAnswer Replace(const ApiRequest& request, Json& object);
  ApiAnswer Patch(const ApiRequest& request);
  ApiAnswer Delete(const ApiRequest& request);
  Json& Store(const std::string& collection,
              const std::string& name,
              Json object,
              std::string_view manager);

  std::map<std::string, std::map<std::string, Json>> collections_;
  std::map<std::string, std::string> managers_;  // of the spec, by collection and name
  std::map<std::string, std::vector<Event>> events_;
  std::int64_t version_ = 100;
  std::int64_t compacted_ = 0;
};

// "Site" of "sites".
const std::string& KindOfPlural(const std::string& plural);

ApiAnswer Refusal(int code, std::string_view reason, std::string_view message);

}  // namespace postern::testing
