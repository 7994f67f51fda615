// services/mailbox-transport/accept/proxy_reader.h
//
// ReadProxyHeader: takes the PROXY header off a connection, and nothing behind it.
//
// Failure   The connection is to be dropped without a word: the peer is not one of the listener's
//           proxyPeers, did not begin with a header, or was too slow.
// Limits    10 s, and the bounds of proxy_protocol.h.

#pragma once

#include "absl/status/status.h"

#include "common/io/stream.h"
#include "common/io/task.h"
#include "services/mailbox-transport/accept/listener_config.h"
#include "services/mailbox-transport/accept/session.h"

namespace postern::accept {

io::Task<absl::Status> ReadProxyHeader(io::Stream& stream,
                                       const ListenerConfig& listener,
                                       Client& client);

}  // namespace postern::accept
