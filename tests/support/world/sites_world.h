// tests/support/world/sites_world.h
//
// SitesWorld: a World with several mailbox-transports, in sites with links between them. Mail is
// submitted to mbx-0 of the site main; the connector for every domain is sent by the servers that
// Sources names.
//
// Flow      Server("mbx-1", "far"); Link("main", "far", 10); Sources({"mbx-1"}); StartAll();
//           Submit(...); Delivered(...), MetricOf("mbx-1", ...).
// Lifetime  Everything ends with the test.

#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/world/world.h"

namespace postern::testing {

class SitesWorld : public World {
 protected:
  SitesWorld();
  ~SitesWorld() override;

  // One more mailbox-transport; its site is made when it is new. Before StartAll.
  app::AppSettings& Server(const std::string& name, const std::string& site);
  // A server that takes whole messages and never answers, in the place of `name`.
  void SilentServer(const std::string& name, const std::string& site);
  void Hub(const std::string& site);
  void Link(const std::string& a, const std::string& b, int cost);
  void Sources(std::vector<std::string> servers);

  // All others, then mbx-0, which knows where they are.
  void StartAll();
  void StopServer(const std::string& name);
  // At the same address; a silent one answers from now on, being another.
  void StartServer(const std::string& name);

  double MetricOf(const std::string& server, std::string_view name, std::string_view labels = "");
  // No message is queued anywhere.
  bool EmptyEverywhere();

  std::string DirectoryText() const override;

 private:
  class Silence;

  struct Member {
    std::string site;
    app::AppSettings settings;
    std::unique_ptr<app::App> app;
    std::unique_ptr<Silence> silence;
    int port = 0;  // of its relay address, once it has run
  };

  std::map<std::string, Member> members_;
  std::map<std::string, bool> sites_;  // whether it is a hub
  std::vector<std::string> links_;
  std::vector<std::string> sources_ = {"mbx-0"};
};

}  // namespace postern::testing
