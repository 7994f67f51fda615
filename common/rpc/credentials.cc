#include "common/rpc/credentials.h"

#include <fstream>
#include <vector>

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_certificate_verifier.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <grpcpp/support/channel_arguments.h>

#include "common/base/text.h"
#include "common/io/endpoint.h"
#include "common/rpc/identity.h"
#include "common/rpc/kept_files.h"
#include "common/tls/context.h"
#include "common/tls/file_watch.h"

namespace postern::rpc {

namespace {

namespace tls = grpc::experimental;

constexpr unsigned kRefreshSeconds = 10;

absl::Status CheckReadable(const settings::Setting<std::string>& setting) {
  if (absl::Status set = CheckSet(setting); !set.ok()) return set;
  if (!std::ifstream(*setting)) {
    return base::Error(absl::StatusCode::kNotFound, setting.key, " ", *setting,
                       ": the file cannot be read");
  }
  return absl::OkStatus();
}

std::shared_ptr<tls::FileWatcherCertificateProvider> Watch(const KeptFiles& files) {
  return std::make_shared<tls::FileWatcherCertificateProvider>(
      files.identity_path(), files.identity_path(), files.ca_path(), kRefreshSeconds);
}

// Servers are reached by changing addresses, so their SPIFFE ID is checked instead of a host name.
class SpiffeVerifier final : public tls::ExternalCertificateVerifier {
 public:
  SpiffeVerifier(std::string trust_domain, std::string site, std::string service)
      : trust_domain_(std::move(trust_domain)),
        site_(std::move(site)),
        service_(std::move(service)) {}

  bool Verify(tls::TlsCustomVerificationCheckRequest* request,
              std::function<void(grpc::Status)>,
              grpc::Status* sync_status) override {
    std::vector<std::string_view> uris;
    for (const auto& uri : request->uri_names())
      uris.emplace_back(uri.data(), uri.size());
    const auto identity = FromUris(uris, trust_domain_);
    const bool fits = identity.ok() && (site_.empty() || identity->site == site_) &&
                      (service_.empty() || identity->service == service_);
    if (fits) {
      *sync_status = grpc::Status::OK;
      return true;
    }
    *sync_status = grpc::Status(
        grpc::StatusCode::UNAUTHENTICATED,
        base::Cat("the certificate is not of spiffe://", trust_domain_, "/",
                  site_.empty() ? "*" : site_, "/", service_.empty() ? "*" : service_));
    return true;
  }

  void Cancel(tls::TlsCustomVerificationCheckRequest*) override {}

 private:
  std::string trust_domain_;
  std::string site_;
  std::string service_;
};

}  // namespace

absl::Status CheckFiles(const RpcSettings& settings) {
  for (const auto* setting : {&settings.certificate_file, &settings.key_file, &settings.ca_file}) {
    if (absl::Status readable = CheckReadable(*setting); !readable.ok()) return readable;
  }
  // gRPC takes any file and refuses every handshake later; this says at the start what is wrong.
  const absl::Status fits = postern::tls::ServerContext().Load(
      *settings.certificate_file, *settings.key_file, *settings.ca_file);
  if (fits.ok()) return fits;
  for (const auto* setting : {&settings.certificate_file, &settings.key_file, &settings.ca_file}) {
    if (base::MessageOf(fits).find(**setting) != std::string_view::npos) {
      return base::Annotate(fits, setting->key);
    }
  }
  return base::Annotate(fits, "rpc.certificate_file");
}

std::string StampOfFiles(const RpcSettings& settings) {
  return base::Cat(postern::tls::StampOf(*settings.certificate_file), " ",
                   postern::tls::StampOf(*settings.key_file), " ",
                   postern::tls::StampOf(*settings.ca_file));
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(
    const RpcSettings& settings, ClientCertificate client) {
  if (*settings.insecure_plaintext) return grpc::InsecureServerCredentials();
  const auto files = KeptFiles::Of(settings);
  if (!files.ok()) return files.status();
  tls::TlsServerCredentialsOptions options(Watch(**files));
  options.watch_identity_key_cert_pairs();
  options.watch_root_certs();
  options.set_cert_request_type(client == ClientCertificate::kRequired
                                    ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                                    : GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
  return tls::TlsServerCredentials(options);
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeChannelCredentials(
    const RpcSettings& settings, const std::string& site, const std::string& service) {
  if (*settings.insecure_plaintext) return grpc::InsecureChannelCredentials();
  // A caller with a token has no certificate of its own.
  const bool with_certificate = !settings.certificate_file->empty();
  absl::StatusOr<KeptFiles*> files = nullptr;
  if (with_certificate) files = KeptFiles::Of(settings);
  if (!files.ok()) return files.status();
  if (!with_certificate) {
    if (absl::Status readable = CheckReadable(settings.ca_file); !readable.ok()) return readable;
  }
  tls::TlsChannelCredentialsOptions options;  // gRPC frees it only once it is used
  if (with_certificate) {
    options.set_certificate_provider(Watch(**files));
    options.watch_identity_key_cert_pairs();
  } else {
    options.set_certificate_provider(
        std::make_shared<tls::FileWatcherCertificateProvider>(*settings.ca_file, kRefreshSeconds));
  }
  options.watch_root_certs();
  options.set_verify_server_certs(true);
  options.set_check_call_host(false);
  options.set_certificate_verifier(tls::ExternalCertificateVerifier::Create<SpiffeVerifier>(
      *settings.trust_domain, site, service));
  return tls::TlsCredentials(options);
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> OpenChannel(const RpcSettings& settings,
                                                           const std::string& address,
                                                           const ChannelTerms& terms) {
  if (absl::Status plain = CheckPlaintext(settings, address); !plain.ok()) return plain;
  auto credentials = MakeChannelCredentials(settings, terms.site, terms.service);
  if (!credentials.ok()) return credentials.status();
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 20'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // A proxy of the environment leads out of the cluster; nobody there knows our services.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  const auto set = [&](const char* name, absl::Duration wait) {
    if (wait <= absl::ZeroDuration()) return;
    arguments.SetInt(name, static_cast<int>(absl::ToInt64Milliseconds(wait)));
  };
  set(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, terms.connect);
  set(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, terms.retry_first);
  set(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, terms.retry_max);
  if (terms.receive_bytes_max > 0) arguments.SetMaxReceiveMessageSize(terms.receive_bytes_max);
  return grpc::CreateCustomChannel(address, *credentials, arguments);
}

absl::Status CheckPlaintext(const RpcSettings& settings, const std::string& address) {
  if (!*settings.insecure_plaintext) return absl::OkStatus();
  const auto endpoint = io::Endpoint::Parse(address);
  if (endpoint.ok() && endpoint->address.is_loopback()) return absl::OkStatus();
  return base::Error(absl::StatusCode::kFailedPrecondition, "rpc.insecure_plaintext: ", address,
                     " is not a loopback address; plain text is for development on one machine");
}

}  // namespace postern::rpc
