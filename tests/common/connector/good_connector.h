// tests/common/connector/good_connector.h
//
// A connector without a fault, for tests that break it, one rule at a time.

#pragma once

#include <functional>
#include <string>

#include "postern/v1/resources.pb.h"

namespace postern::connector::testing {

inline v1::SendConnector GoodConnector() {
  v1::SendConnector connector;
  connector.set_api_version("postern.dev/v1");
  connector.set_kind("SendConnector");
  connector.mutable_metadata()->set_name("internet");
  connector.mutable_spec()->set_name("Internet");
  connector.mutable_spec()->add_address_spaces("*");
  connector.mutable_spec()->add_source_transport_servers("mbx-0");
  return connector;
}

inline void SmartHost(v1::SendConnectorSpec& spec, const std::string& host) {
  spec.set_dns_routing_enabled(false);
  spec.add_smart_hosts(host);
}

// One rule, broken by one change.
struct BrokenRule {
  const char* fact;
  std::function<void(v1::SendConnectorSpec&)> change;
  const char* path;
  const char* rule;
};

}  // namespace postern::connector::testing
