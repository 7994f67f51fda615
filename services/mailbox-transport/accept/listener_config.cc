#include "services/mailbox-transport/accept/listener_config.h"

#include <set>

#include "common/base/text.h"
#include "common/settings/errors.h"

namespace postern::accept {

namespace {

using base::Cat;

constexpr int kMappedBits = 96;  // an IPv4 network counts them in its sixteen-byte form

absl::Status Invalid(std::string_view listener,
                     std::string_view field,
                     std::string_view value,
                     std::string_view rule) {
  return base::Error(absl::StatusCode::kInvalidArgument, "accept.listeners: listener ",
                     base::Printable(listener, 64), ": ", field, " \"", base::Printable(value),
                     "\": ", rule);
}

absl::StatusOr<std::vector<io::Network>> ParseNetworks(const std::vector<std::string_view>& texts) {
  if (texts.size() > kNetworksMax) {
    return base::Error(absl::StatusCode::kInvalidArgument, "may list ", kNetworksMax, " networks");
  }
  std::vector<io::Network> networks;
  for (const std::string_view text : texts) {
    const auto network = io::Network::Parse(base::Trim(text));
    if (!network.ok()) return network.status();
    networks.push_back(*network);
  }
  return networks;
}

bool IsV4(const io::Network& network) {
  return network.address.is_v4() && network.prefix_bits >= kMappedBits;
}

bool TooWide(const io::Network& network) {
  if (IsV4(network)) return network.prefix_bits < kMappedBits + kNarrowestV4;
  // An IPv6 network that holds the mapped range holds every IPv4 address.
  const auto mapped = io::IpAddress::Parse("192.0.2.1");
  return network.prefix_bits < kNarrowestV6 || network.Contains(*mapped);
}

absl::Status SetAddress(std::string_view value, ListenerConfig& config) {
  const auto address = io::Endpoint::Parse(value);
  if (!address.ok()) {
    return Invalid(config.name, "address", value, base::MessageOf(address.status()));
  }
  config.address = *address;
  return absl::OkStatus();
}

absl::Status SetTls(std::string_view value, bool certificate, ListenerConfig& config) {
  if (value == "auto") {
    config.tls = certificate ? TlsMode::kStartTls : TlsMode::kNone;
  } else if (value == "none") {
    config.tls = TlsMode::kNone;
  } else if (value == "starttls") {
    config.tls = TlsMode::kStartTls;
  } else if (value == "implicit") {
    config.tls = TlsMode::kImplicit;
  } else {
    return Invalid(config.name, "tls", value, "must be none, auto, starttls or implicit");
  }
  if (config.tls != TlsMode::kNone && !certificate) {
    return Invalid(config.name, "tls", value,
                   "needs a certificate: set accept.certificate_file and accept.key_file");
  }
  return absl::OkStatus();
}

absl::Status SetAuth(std::string_view value, ListenerConfig& config) {
  if (value == "none") {
    config.auth = AuthMode::kNone;
  } else if (value == "optional") {
    config.auth = AuthMode::kOptional;
  } else if (value == "required") {
    config.auth = AuthMode::kRequired;
  } else {
    return Invalid(config.name, "auth", value, "must be none, optional or required");
  }
  return absl::OkStatus();
}

absl::Status SetProxy(std::string_view value, ListenerConfig& config) {
  if (value == "none") return absl::OkStatus();
  for (const std::string_view version : base::Split(value, ',')) {
    if (version == "v1") {
      config.proxy.v1 = true;
    } else if (version == "v2") {
      config.proxy.v2 = true;
    } else {
      return Invalid(config.name, "proxyProtocol", value, "must be none, v1, v2 or v1,v2");
    }
  }
  return absl::OkStatus();
}

absl::Status SetHeaders(std::string_view value, ListenerConfig& config) {
  if (value == "none") return absl::OkStatus();
  for (const std::string_view group : base::Split(value, ',')) {
    if (group == "organization") {
      config.headers.organization = true;
    } else if (group == "forest") {
      config.headers.forest = true;
    } else {
      return Invalid(config.name, "headers", value,
                     "must be none, organization, forest or organization,forest");
    }
  }
  return absl::OkStatus();
}

// The words of one listener, each named once.
class Words {
 public:
  static absl::StatusOr<Words> Parse(std::string_view text) {
    static const std::set<std::string_view> kKnown = {
        "name", "address", "tls", "auth", "networks", "proxyProtocol", "proxyPeers", "headers"};
    Words words;
    for (const std::string_view word : base::Split(text, ' ')) {
      if (word.empty()) continue;
      const std::size_t equals = word.find('=');
      if (equals == std::string_view::npos || equals + 1 == word.size()) {
        return base::Error(absl::StatusCode::kInvalidArgument, "accept.listeners: \"",
                           base::Printable(word), "\": must be field=value");
      }
      const std::string_view field = word.substr(0, equals);
      if (!kKnown.contains(field)) {
        return base::Error(
            absl::StatusCode::kInvalidArgument, "accept.listeners: field \"",
            base::Printable(field),
            "\": must be name, address, tls, auth, networks, proxyProtocol, proxyPeers or headers");
      }
      if (!words.values_.emplace(field, word.substr(equals + 1)).second) {
        return base::Error(absl::StatusCode::kInvalidArgument, "accept.listeners: field \"", field,
                           "\": must be given once");
      }
    }
    return words;
  }

  bool has(std::string_view field) const { return values_.contains(field); }

  std::string_view Get(std::string_view field, std::string_view otherwise = {}) const {
    const auto found = values_.find(field);
    return found == values_.end() ? otherwise : found->second;
  }

 private:
  std::map<std::string_view, std::string_view> values_;
};

absl::Status SetNetworks(const Words& words,
                         const ListenerSurroundings& around,
                         ListenerConfig& config) {
  if (config.auth == AuthMode::kRequired) {
    if (!words.has("networks")) return absl::OkStatus();
    return Invalid(config.name, "networks", words.Get("networks"),
                   "has no meaning with auth=required: leave it out");
  }
  config.networks = around.relay_networks;
  if (words.has("networks")) {
    auto networks = ParseNetworks(base::Split(words.Get("networks"), ','));
    if (!networks.ok()) {
      return Invalid(config.name, "networks", words.Get("networks"),
                     base::MessageOf(networks.status()));
    }
    config.networks = *std::move(networks);
  }
  for (const io::Network& network : config.networks) {
    if (!TooWide(network)) continue;
    return Invalid(
        config.name, "networks", network.ToString(),
        "would let strangers relay: name your own networks (at least /8, for IPv6 /7), or "
        "set auth=required");
  }
  return absl::OkStatus();
}

absl::Status SetProxyPeers(const Words& words, ListenerConfig& config) {
  if (config.proxy.any() != words.has("proxyPeers")) {
    return Invalid(
        config.name, "proxyPeers", words.Get("proxyPeers"),
        "proxyProtocol and proxyPeers go together: only named peers may say who the client is");
  }
  if (!config.proxy.any()) return absl::OkStatus();
  auto peers = ParseNetworks(base::Split(words.Get("proxyPeers"), ','));
  if (!peers.ok()) {
    return Invalid(config.name, "proxyPeers", words.Get("proxyPeers"),
                   base::MessageOf(peers.status()));
  }
  for (const io::Network& peer : *peers) {
    if (TooWide(peer)) {
      return Invalid(config.name, "proxyPeers", peer.ToString(),
                     "would let strangers say who the client is: name the load balancers");
    }
  }
  config.proxy_peers = *std::move(peers);
  return absl::OkStatus();
}

absl::Status CheckAuth(const ListenerSurroundings& around, const ListenerConfig& config) {
  if (config.auth == AuthMode::kNone) return absl::OkStatus();
  const std::string_view value = config.auth == AuthMode::kRequired ? "required" : "optional";
  if (config.auth == AuthMode::kRequired && config.tls == TlsMode::kNone) {
    return Invalid(config.name, "auth", value,
                   "is only possible under TLS: set tls=starttls or tls=implicit, "
                   "accept.certificate_file and accept.key_file");
  }
  if (!around.users)
    return Invalid(config.name, "auth", value, "needs users: set accept.users_file");
  return absl::OkStatus();
}

absl::StatusOr<std::vector<io::Network>> NetworksOf(
    const Setting<std::vector<std::string>>& setting) {
  const std::vector<std::string_view> texts(setting->begin(), setting->end());
  auto networks = ParseNetworks(texts);
  if (!networks.ok()) return base::Annotate(networks.status(), setting.key);
  return networks;
}

// The files of the listeners belong together: with a part of them the start would leave ports out.
void CheckFiles(const AcceptSettings& settings, settings::Errors& errors) {
  const auto wrong = [&](const auto& set, const auto& lacking, std::string_view rule) {
    errors.Note(settings::WrongValue(
        set, base::Cat(": ", rule, ": set ", lacking.key, " too, or leave out ", set.key)));
  };
  const auto& certificate = settings.certificate_file;
  const auto& key = settings.key_file;
  const auto& users = settings.users_file;
  if (!certificate->empty() && key->empty()) {
    wrong(certificate, key, "is of no use without its key");
  } else if (certificate->empty() && !key->empty()) {
    wrong(key, certificate, "is of no use without its certificate");
  } else if (certificate->empty() && !users->empty()) {
    wrong(users, certificate, "is of no use without a certificate, as AUTH is only under TLS");
  }
}

}  // namespace

bool ListenerConfig::MayRelay(const io::IpAddress& client) const {
  if (auth == AuthMode::kRequired) return false;
  return io::AnyContains(networks, client) && !IsShared(client);
}

bool ListenerConfig::IsShared(const io::IpAddress& client) const {
  return io::AnyContains(snat_addresses, client);
}

absl::StatusOr<ListenerConfig> ParseListener(std::string_view text,
                                             const ListenerSurroundings& around) {
  const auto words = Words::Parse(text);
  if (!words.ok()) return words.status();
  ListenerConfig config;
  config.name = words->Get("name");
  if (config.name.empty() || config.name.size() > 32) {
    return Invalid(text, "name", config.name, "must be 1 to 32 characters");
  }
  settings::Errors errors;
  const auto good = [&](const absl::Status& status) {
    errors.Note(status);
    return status.ok();
  };
  good(SetAddress(words->Get("address"), config));
  config.snat_addresses = around.snat_addresses;
  // What follows from a word that is wrong is not told.
  const bool tls = good(SetTls(words->Get("tls", "auto"), around.certificate, config));
  const bool auth = good(SetAuth(words->Get("auth", "none"), config));
  if (tls && auth) good(CheckAuth(around, config));
  if (auth) good(SetNetworks(*words, around, config));
  if (good(SetProxy(words->Get("proxyProtocol", "none"), config))) {
    good(SetProxyPeers(*words, config));
  }
  good(SetHeaders(words->Get("headers", "none"), config));
  if (absl::Status wrong = errors.Together(); !wrong.ok()) return wrong;
  return config;
}

absl::StatusOr<std::vector<ListenerConfig>> ListenersFrom(const AcceptSettings& settings) {
  ListenerSurroundings around;
  // One without the other is told here, and not again of each listener.
  around.certificate = !settings.certificate_file->empty() || !settings.key_file->empty();
  around.users = !settings.users_file->empty();
  settings::Errors errors;
  CheckFiles(settings, errors);
  auto relay = NetworksOf(settings.relay_networks);
  errors.Note(relay.status());
  if (relay.ok()) around.relay_networks = *std::move(relay);
  auto snat = NetworksOf(settings.snat_addresses);
  errors.Note(snat.status());
  if (snat.ok()) around.snat_addresses = *std::move(snat);

  std::vector<std::string> texts = *settings.listeners;
  if (texts.empty()) {
    texts.push_back("name=relay address=0.0.0.0:2525 tls=auto auth=none");
    if (around.certificate && around.users) {
      texts.push_back("name=auth address=0.0.0.0:5587 tls=starttls auth=required");
      texts.push_back("name=tls address=0.0.0.0:4465 tls=implicit auth=required");
    }
  }
  if (texts.size() > kListenersMax) {
    return base::Error(absl::StatusCode::kInvalidArgument, "accept.listeners: may list ",
                       kListenersMax, " listeners");
  }
  std::vector<ListenerConfig> listeners;
  std::set<std::string> names;
  for (const std::string& text : texts) {
    auto listener = ParseListener(text, around);
    errors.Note(listener.status());
    if (!listener.ok()) continue;
    if (!names.insert(listener->name).second) {
      errors.Note(Invalid(listener->name, "name", listener->name, "must be used once"));
    }
    listeners.push_back(*std::move(listener));
  }
  if (absl::Status wrong = errors.Together(); !wrong.ok()) return wrong;
  return listeners;
}

}  // namespace postern::accept
