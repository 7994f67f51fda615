#include "services/mailbox-transport/accept/proxy_reader.h"

#include <string>

#include "common/base/text.h"
#include "services/mailbox-transport/accept/proxy_protocol.h"

namespace postern::accept {

namespace {

constexpr absl::Duration kHeaderPatience = absl::Seconds(10);

absl::Status Drop(const io::Stream& stream, std::string_view rule) {
  return base::Error(absl::StatusCode::kInvalidArgument, "PROXY header from ",
                     stream.remote().ToString(), ": ", rule);
}

}  // namespace

io::Task<absl::Status> ReadProxyHeader(io::Stream& stream,
                                       const ListenerConfig& listener,
                                       Client& client) {
  if (!io::AnyContains(listener.proxy_peers, stream.remote().address)) {
    co_return Drop(stream, "the peer is not one of proxyPeers");
  }
  stream.SetDeadline(kHeaderPatience);
  std::string bytes;
  ProxyHeader header = ParseProxyHeader(bytes, listener.proxy);
  while (header.state == ProxyHeader::State::kMore) {
    const std::size_t had = bytes.size();
    bytes.resize(had + header.need);
    const absl::StatusOr<std::size_t> read = co_await stream.Read(bytes.data() + had, header.need);
    if (!read.ok()) co_return Drop(stream, base::MessageOf(read.status()));
    if (*read == 0) co_return Drop(stream, "the peer closed the connection");
    bytes.resize(had + *read);
    header = ParseProxyHeader(bytes, listener.proxy);
  }
  if (header.state == ProxyHeader::State::kBad) co_return Drop(stream, header.broken_rule);
  if (header.source) {
    client.address = *header.source;
  } else {
    client.address_counts = false;  // the balancer speaks for itself, or does not know for whom
  }
  co_return absl::OkStatus();
}

}  // namespace postern::accept
