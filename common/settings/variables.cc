#include "common/settings/variables.h"

#include <algorithm>

#include "common/base/text.h"
#include "common/settings/nearest.h"

namespace postern::settings {

namespace {

constexpr std::string_view kPrefix = "POSTERN_";

// Those of the shell (cli/global_options.cc), which may be run where a service is, and those of
// builds, tests and benchmarks.
constexpr std::string_view kOthers[] = {"APART",
                                        "AUTHORITY",
                                        "BASE",
                                        "BENCH_FOLDER",
                                        "BUILD",
                                        "CA",
                                        "CASE",
                                        "CERTIFICATE",
                                        "CUTS",
                                        "DAYS",
                                        "INSECURE_PLAINTEXT",
                                        "JOBS",
                                        "KEEP",
                                        "KEY",
                                        "KILLS",
                                        "MESSAGES",
                                        "MIRROR",
                                        "OUTPUT",
                                        "PEERS",
                                        "SECONDS",
                                        "SEED",
                                        "SERVER",
                                        "STORAGE",
                                        "SUBMISSION",
                                        "TABLES",
                                        "TIMEOUT",
                                        "TOKEN_FILE",
                                        "TRUST_DOMAIN"};

bool IsOther(std::string_view name) {
  name.remove_prefix(kPrefix.size());
  return std::find(std::begin(kOthers), std::end(kOthers), name) != std::end(kOthers);
}

// "7171_TCP", "53_UDP_ADDR": what follows NAME_PORT_ for a port of a Service.
bool IsPort(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits == 0) return false;
  text.remove_prefix(digits);
  for (const std::string_view protocol : {"_TCP", "_UDP", "_SCTP"}) {
    if (!text.starts_with(protocol)) continue;
    const std::string_view rest = text.substr(protocol.size());
    return rest.empty() || rest == "_PROTO" || rest == "_PORT" || rest == "_ADDR";
  }
  return false;
}

}  // namespace

bool IsOfKubernetesService(std::string_view name) {
  constexpr std::string_view kPort = "_PORT_";
  if (name.ends_with("_SERVICE_HOST") || name.ends_with("_PORT")) return true;
  if (name.find("_SERVICE_PORT_") != std::string_view::npos) return true;
  for (std::size_t at = name.find(kPort); at != std::string_view::npos;
       at = name.find(kPort, at + 1)) {
    if (IsPort(name.substr(at + kPort.size()))) return true;
  }
  return false;
}

std::vector<std::string> UnknownVariables(const char* const* environment,
                                          const std::vector<std::string>& known) {
  const std::vector<std::string_view> names(known.begin(), known.end());
  std::vector<std::string> out;
  for (; environment != nullptr && *environment != nullptr; ++environment) {
    const std::string_view entry = *environment;
    const std::string_view name = entry.substr(0, entry.find('='));
    if (!name.starts_with(kPrefix) || IsOther(name) || IsOfKubernetesService(name)) continue;
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    const std::string_view nearest = Nearest(name, names);
    out.push_back(base::Cat("variable ", base::Printable(name, 100), " is no setting",
                            nearest.empty() ? "" : ", the nearest known one is ", nearest));
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace postern::settings
