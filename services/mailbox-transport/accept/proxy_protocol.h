// services/mailbox-transport/accept/proxy_protocol.h
//
// PROXY protocol v1 and v2: who the client behind a load balancer is.
//
// Flow      Give ParseProxyHeader the bytes so far; on kMore read exactly `need` further bytes, so
//           that no byte of the conversation (or of its TLS handshake) behind the header is taken;
//           again.
// Failure   kBad with the rule that was broken: the connection is dropped without a word.
// Limits    v1: 107 bytes; v2: 16 bytes and at most kProxyV2BytesMax of addresses and extensions.
// See       haproxy.org "The PROXY protocol", versions 1 and 2

#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "common/io/endpoint.h"

namespace postern::accept {

inline constexpr std::size_t kProxyV2BytesMax = 2048;

struct ProxyVersions {
  bool v1 = false;
  bool v2 = false;

  bool any() const { return v1 || v2; }
};

struct ProxyHeader {
  enum class State { kMore, kDone, kBad };

  State state = State::kMore;
  std::size_t need = 0;                // kMore: this many further bytes, no more
  std::optional<io::Endpoint> source;  // kDone: absent for LOCAL and UNKNOWN
  std::string_view broken_rule;        // kBad
};

ProxyHeader ParseProxyHeader(std::string_view bytes, ProxyVersions versions);

}  // namespace postern::accept
