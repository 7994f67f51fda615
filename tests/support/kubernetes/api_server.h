// tests/support/kubernetes/api_server.h
//
// A Kubernetes API server on loopback, over TLS: lists in pages, watches, bookmarks, versions.
//
// Flow      ApiServer api;  api.Put("sites", KubernetesObject("Site", "main", "{}"));  a client of
//           api.settings() follows.  Then a fault is a verb: Refuses, Babbles, Stalls, Leaves.
// Lifetime  Threads of its own; folder with token and authority goes with it.
// Limits    The namespace is "mail". The head of a request: at most 64 KiB, its body 4 MiB.

#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

#include "common/io/executor.h"
#include "common/io/listener.h"
#include "common/io/scope.h"
#include "common/io/stream.h"
#include "common/kubernetes/settings.h"
#include "common/tls/context.h"
#include "tests/support/certificates.h"
#include "tests/support/kubernetes/object_store.h"

namespace postern::testing {

class ApiServer {
 public:
  ApiServer();
  ~ApiServer();
  ApiServer(const ApiServer&) = delete;
  ApiServer& operator=(const ApiServer&) = delete;

  // Of a client of this server, with short waits.
  kubernetes::KubernetesSettings settings() const;

  void Put(std::string_view plural, const Json& object);
  void Remove(std::string_view plural, const std::string& name);
  std::optional<Json> Get(std::string_view plural, const std::string& name) const;
  // Tells each watch of the newest version.
  void Bookmarks();
  // Forgets all events and ends the watches: who comes back gets 410.
  void Compacts();
  // Ends the watches in the middle.
  void Breaks();
  // The watches stay, and tell nothing any more.
  void Deafens();
  // From now on there is another token; the file has it only with `tells`.
  void RotatesToken(bool tells);

  // Every request, until Recovers: this status; no JSON; no answer; nobody there. Watches end.
  void Refuses(int code, std::string_view retry_after = "");
  void Babbles();
  void Stalls();
  void Leaves();
  void Recovers();

  // "GET /apis/...?limit=500", so far.
  std::vector<std::string> heard() const;
  std::size_t CountOf(std::string_view part) const;
  int watches() const;

  template <typename Holds>
  bool Await(Holds holds) const {
    for (int round = 0; round < 5000 && !holds(); ++round)
      absl::SleepFor(absl::Milliseconds(2));
    return holds();
  }

 private:
  enum class Fault { kNone, kRefuses, kBabbles, kStalls, kGone };

  struct Watch {
    std::string collection;
    std::int64_t version = 0;
    int bookmarks = 0;
    int era = 0;
    absl::Time until;
  };

  std::string Full(std::string_view plural) const;
  void Open();
  void Ends(Fault fault);
  io::Task<void> Accept(std::shared_ptr<io::Listener> listener);
  io::Task<void> Talk(std::unique_ptr<io::Stream> stream);
  io::Task<bool> Take(io::Stream& stream);
  io::Task<bool> Serve(io::Stream& stream, std::string head, std::string body);
  io::Task<bool> Stream(io::Stream& stream, Watch watch);
  // What a watch has to say next; nullopt when it is over.
  std::optional<std::string> News(Watch& watch);

  CertificateAuthority authority_;
  std::string folder_;
  mutable std::mutex mutex_;
  ObjectStore store_;
  std::vector<std::string> heard_;
  std::string token_ = "first-token";
  Fault fault_ = Fault::kNone;
  int code_ = 500;
  std::string retry_after_;
  bool deaf_ = false;
  int bookmarks_ = 0;
  int era_ = 0;  // the watches of an earlier one end
  int watches_ = 0;
  tls::ServerContext context_;
  io::Executor executor_{"api-server"};
  std::unique_ptr<io::Scope> scope_;
  std::shared_ptr<io::Listener> listener_;
  std::uint16_t port_ = 0;
};

}  // namespace postern::testing
