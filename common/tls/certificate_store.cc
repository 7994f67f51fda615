#include "common/tls/certificate_store.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "common/base/text.h"
#include "common/observe/log.h"

namespace postern::tls {

namespace {

namespace fs = std::filesystem;

// Exchange's sentence, by which administrators search.
constexpr std::string_view kNotFound =
    "The certificate specified in TlsCertificateName of the SendConnector could not be found";

bool Better(const CertificatePtr& a, const CertificatePtr& b) {
  if (a->self_signed != b->self_signed) return b->self_signed;
  return a->facts.begins > b->facts.begins;
}

}  // namespace

CertificateStore::CertificateStore(std::string folder,
                                   std::string step,
                                   std::function<void(const Loaded&)> loaded,
                                   absl::Duration look)
    : folder_(std::move(folder)),
      step_(std::move(step)),
      loaded_(std::move(loaded)),
      shelf_(std::make_shared<const Shelf>()) {
  if (folder_.empty()) return;
  // The watch takes its first look before the load: what changes in between is read again.
  watch_ = std::make_unique<FileWatch>([this] { return Stamp(); }, [this] { Load(); }, look);
  Load();
}

CertificateStore::~CertificateStore() = default;

std::map<std::string, std::pair<std::string, std::string>> CertificateStore::Pairs() const {
  std::map<std::string, std::pair<std::string, std::string>> pairs;
  std::error_code error;
  for (fs::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error)) {
    const fs::path path = at->path();
    const std::string name = path.filename().string();
    if (name.starts_with('.') || pairs.size() >= kCertificatesMax) continue;
    std::error_code ignored;
    if (path.extension() == ".crt") {
      fs::path key = path;
      pairs[path.stem().string()] = {path.string(), key.replace_extension(".key").string()};
    } else if (fs::is_directory(path, ignored) && fs::exists(path / "tls.crt", ignored)) {
      pairs[name] = {(path / "tls.crt").string(), (path / "tls.key").string()};
    }
  }
  return pairs;
}

std::string CertificateStore::Stamp() const {
  std::string stamp;
  for (const auto& [name, files] : Pairs()) {
    stamp += base::Cat(name, " ", StampOf(files.first), " ", StampOf(files.second), "\n");
  }
  return stamp;
}

void CertificateStore::Load() {
  const std::lock_guard loading(load_mutex_);
  Loaded now;
  for (const auto& [name, files] : Pairs()) {
    auto read = ReadCertificate(files.first, files.second);
    if (read.ok()) {
      now[name] = *std::move(read);
      continue;
    }
    // A key may follow its certificate a moment later.
    const auto before = by_file_.find(name);
    if (before != by_file_.end()) now[name] = before->second;
    POSTERN_LOG(kError, step_, "certificate cannot be used",
                {{"certificate", name},
                 {"before", before != by_file_.end() ? "stays in use" : "none"},
                 {"error", read.status()}});
  }
  auto shelf = std::make_shared<Shelf>();
  for (const auto& [name, certificate] : now)
    shelf->all.push_back(certificate);
  std::stable_sort(shelf->all.begin(), shelf->all.end(), Better);
  for (const CertificatePtr& certificate : shelf->all) {
    for (const std::string& host : certificate->host_names)
      shelf->by_host[host].push_back(certificate);
  }
  by_file_ = std::move(now);
  {
    const std::lock_guard lock(mutex_);
    shelf_ = std::move(shelf);
  }
  if (loaded_) loaded_(by_file_);
  POSTERN_LOG(kInfo, step_, "certificates read",
              {{"folder", folder_}, {"certificates", by_file_.size()}});
}

std::shared_ptr<const CertificateStore::Shelf> CertificateStore::shelf() const {
  const std::lock_guard lock(mutex_);
  return shelf_;
}

std::size_t CertificateStore::size() const {
  return shelf()->all.size();
}

absl::StatusOr<CertificatePtr> CertificateStore::Named(std::string_view text,
                                                       absl::Time now) const {
  const auto wanted = CertificateName::Parse(text);
  if (!wanted.ok()) return base::Annotate(wanted.status(), "TlsCertificateName");
  const auto there = shelf();
  CertificatePtr newest;
  CertificatePtr outdated;
  for (const CertificatePtr& one : there->all) {
    if (one->name != *wanted) continue;
    if (!one->valid(now)) {
      outdated = one;
    } else if (newest == nullptr || one->facts.begins > newest->facts.begins) {
      newest = one;
    }
  }
  if (newest != nullptr) return newest;
  if (outdated != nullptr) {
    return base::Error(absl::StatusCode::kNotFound, kNotFound, ": the one of this name is ",
                       outdated->facts.ends <= now ? "out of date since " : "not valid before ",
                       absl::FormatTime(absl::RFC3339_sec,
                                        outdated->facts.ends <= now ? outdated->facts.ends
                                                                    : outdated->facts.begins,
                                        absl::UTCTimeZone()));
  }
  if (folder_.empty()) {
    return base::Error(absl::StatusCode::kNotFound, kNotFound,
                       ": this server has no folder of certificates (certificates_path)");
  }
  return base::Error(absl::StatusCode::kNotFound, kNotFound, ": ", folder_, " does not hold ",
                     text);
}

CertificatePtr CertificateStore::ForHost(std::string_view host, absl::Time now) const {
  if (folder_.empty()) return nullptr;
  const auto there = shelf();
  const std::string name = base::LowerAscii(host);
  const std::size_t dot = name.find('.');
  const std::string wildcard = dot == std::string::npos ? "" : base::Cat("*", name.substr(dot));
  CertificatePtr best;
  for (const std::string& one : {name, wildcard}) {
    const auto found = there->by_host.find(one);
    if (found == there->by_host.end()) continue;
    for (const CertificatePtr& certificate : found->second) {
      if (!certificate->valid(now)) continue;
      if (best == nullptr || Better(certificate, best)) best = certificate;
    }
  }
  return best;
}

}  // namespace postern::tls
