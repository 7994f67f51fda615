#include "tests/support/fake_resolver.h"

#include <utility>

#include "common/base/check.h"
#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/io/event.h"

namespace postern::testing {
namespace {

absl::Status NoSuchName(std::string_view kind, std::string_view name) {
  return base::Error(absl::StatusCode::kNotFound, "dns ", kind, " ", name, ": no such name");
}

}  // namespace

void FakeResolver::Mx(std::string_view domain, std::vector<dns::MxRecord> records) {
  const std::lock_guard lock(mutex_);
  for (auto& record : records) {
    if (record.host == ".") record.host.clear();
  }
  Known& known = known_[std::string(domain)];
  known.exists = true;
  known.mx_status = absl::OkStatus();
  known.mx = std::move(records);
}

void FakeResolver::A(std::string_view host, std::string_view address) {
  const auto parsed = io::IpAddress::Parse(address);
  POSTERN_CHECK(parsed.ok());
  const std::lock_guard lock(mutex_);
  Known& known = known_[std::string(host)];
  known.exists = true;
  known.address_status = absl::OkStatus();
  known.addresses.push_back(*parsed);
}

void FakeResolver::Tlsa(std::string_view name, dns::TlsaRecord record) {
  const std::lock_guard lock(mutex_);
  known_[std::string(name)].exists = true;
  known_[std::string(name)].tlsa.push_back(std::move(record));
}

void FakeResolver::Txt(std::string_view name, std::string text) {
  const std::lock_guard lock(mutex_);
  known_[std::string(name)].exists = true;
  known_[std::string(name)].txt.push_back(std::move(text));
}

void FakeResolver::Secure(std::string_view name) {
  const std::lock_guard lock(mutex_);
  known_[std::string(name)].secure = true;
}

void FakeResolver::Alias(std::string_view host, std::string canonical) {
  const std::lock_guard lock(mutex_);
  known_[std::string(host)].canonical = std::move(canonical);
}

void FakeResolver::TlsaFails(std::string_view name, absl::Status status) {
  const std::lock_guard lock(mutex_);
  known_[std::string(name)].tlsa_status = std::move(status);
}

void FakeResolver::SetTxt(std::string_view name, std::vector<std::string> records) {
  const std::lock_guard lock(mutex_);
  Known& known = known_[std::string(name)];
  known.exists = true;
  known.txt_status = absl::OkStatus();
  known.txt = std::move(records);
}

void FakeResolver::TxtFails(std::string_view name, absl::Status status) {
  const std::lock_guard lock(mutex_);
  known_[std::string(name)].txt_status = std::move(status);
}

void FakeResolver::NxDomain(std::string_view name) {
  const std::lock_guard lock(mutex_);
  known_[std::string(name)] = Known();
}

void FakeResolver::ServFail(std::string_view name) {
  MxFails(name, absl::UnavailableError(base::Cat("dns mx ", name, ": server failure")));
  AddressesFail(name, absl::UnavailableError(base::Cat("dns address ", name, ": server failure")));
}

void FakeResolver::Timeout(std::string_view name) {
  MxFails(name, absl::DeadlineExceededError(base::Cat("dns mx ", name, ": no answer")));
  AddressesFail(name, absl::DeadlineExceededError(base::Cat("dns address ", name, ": no answer")));
}

void FakeResolver::NoData(std::string_view name) {
  const std::lock_guard lock(mutex_);
  Known& known = known_[std::string(name)];
  known = Known();
  known.exists = true;
}

void FakeResolver::MxFails(std::string_view domain, absl::Status status) {
  const std::lock_guard lock(mutex_);
  Known& known = known_[std::string(domain)];
  known.exists = true;
  known.mx_status = std::move(status);
}

void FakeResolver::AddressesFail(std::string_view host, absl::Status status) {
  const std::lock_guard lock(mutex_);
  Known& known = known_[std::string(host)];
  known.exists = true;
  known.address_status = std::move(status);
}

void FakeResolver::SetTtl(absl::Duration ttl) {
  const std::lock_guard lock(mutex_);
  ttl_ = ttl;
}

void FakeResolver::SetDelay(absl::Duration delay) {
  const std::lock_guard lock(mutex_);
  delay_ = delay;
}

int FakeResolver::questions() const {
  const std::lock_guard lock(mutex_);
  return questions_;
}

int FakeResolver::mx_questions(std::string_view domain) const {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(domain);
  return found == known_.end() ? 0 : found->second.mx_questions;
}

int FakeResolver::address_questions(std::string_view host) const {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(host);
  return found == known_.end() ? 0 : found->second.address_questions;
}

int FakeResolver::txt_questions(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(name);
  return found == known_.end() ? 0 : found->second.txt_questions;
}

io::Task<absl::StatusOr<dns::MxAnswer>> FakeResolver::Mx(std::string domain) {
  absl::StatusOr<dns::MxAnswer> answer = NoSuchName("mx", domain);
  absl::Duration delay;
  {
    const std::lock_guard lock(mutex_);
    ++questions_;
    delay = delay_;
    Known& known = known_[domain];
    ++known.mx_questions;
    if (known.exists && known.mx_status.ok()) {
      answer = dns::MxAnswer{known.mx, ttl_, known.secure};
    }
    if (!known.mx_status.ok()) answer = known.mx_status;
  }
  if (delay > absl::ZeroDuration()) {
    POSTERN_CO_RETURN_IF_ERROR(co_await io::Sleep(delay));
  }
  co_return answer;
}

io::Task<absl::StatusOr<dns::AddressAnswer>> FakeResolver::Addresses(std::string host) {
  absl::StatusOr<dns::AddressAnswer> answer = NoSuchName("address", host);
  absl::Duration delay;
  {
    const std::lock_guard lock(mutex_);
    ++questions_;
    delay = delay_;
    Known& known = known_[host];
    ++known.address_questions;
    if (known.exists && known.address_status.ok()) {
      answer = dns::AddressAnswer{known.addresses, ttl_, known.secure, known.canonical};
    }
    if (!known.address_status.ok()) answer = known.address_status;
  }
  if (delay > absl::ZeroDuration()) {
    POSTERN_CO_RETURN_IF_ERROR(co_await io::Sleep(delay));
  }
  co_return answer;
}

io::Task<absl::StatusOr<dns::TlsaAnswer>> FakeResolver::Tlsa(std::string name) {
  const std::lock_guard lock(mutex_);
  ++questions_;
  const auto found = known_.find(name);
  if (found == known_.end()) co_return NoSuchName("tlsa", name);
  const Known& known = found->second;
  if (!known.tlsa_status.ok()) co_return known.tlsa_status;
  if (!known.exists) co_return NoSuchName("tlsa", name);
  co_return dns::TlsaAnswer{known.tlsa, ttl_, known.secure};
}

io::Task<absl::StatusOr<dns::TxtAnswer>> FakeResolver::Txt(std::string name) {
  absl::StatusOr<dns::TxtAnswer> answer = NoSuchName("txt", name);
  absl::Duration delay;
  {
    const std::lock_guard lock(mutex_);
    ++questions_;
    delay = delay_;
    Known& known = known_[name];
    ++known.txt_questions;
    if (known.exists) answer = dns::TxtAnswer{known.txt, ttl_};
    if (!known.txt_status.ok()) answer = known.txt_status;
  }
  if (delay > absl::ZeroDuration()) {
    POSTERN_CO_RETURN_IF_ERROR(co_await io::Sleep(delay));
  }
  co_return answer;
}

void FakeResolver::Ptr(std::string_view address, std::string name) {
  const auto parsed = io::IpAddress::Parse(address);
  POSTERN_CHECK(parsed.ok());
  const std::lock_guard lock(mutex_);
  Known& known = known_[dns::ReverseName(*parsed)];
  known.exists = true;
  known.ptr = {std::move(name)};
}

io::Task<absl::StatusOr<dns::PtrAnswer>> FakeResolver::Ptr(std::string name) {
  const std::lock_guard lock(mutex_);
  ++questions_;
  const Known& known = known_[name];
  if (!known.exists) co_return NoSuchName("ptr", name);
  co_return dns::PtrAnswer{known.ptr, ttl_};
}

}  // namespace postern::testing
