#include "services/frontend-transport/egress/address_check.h"

#include <algorithm>
#include <utility>

#include "common/base/text.h"
#include "common/observe/log.h"

namespace postern::egress {

namespace {

bool IsTransient(const absl::Status& status) {
  return !status.ok() && !absl::IsNotFound(status) && !absl::IsInvalidArgument(status);
}

}  // namespace

observe::Gauge& NamesAgree(observe::Registry& registry,
                           const std::string& label,
                           const std::string& address) {
  return registry.AddGauge("postern_egress_address_names_agree",
                           "1 when the EHLO name of a source address, the A or AAAA records of the "
                           "name and the PTR record of the address agree, else 0.",
                           {{"label", label}, {"address", address}});
}

AddressCheck::AddressCheck(io::Executor& executor,
                           dns::Resolver& resolver,
                           const smtp::SourcePool& pool,
                           std::string site_name,
                           absl::Duration interval,
                           observe::Registry& registry)
    : resolver_(resolver),
      pool_(pool),
      site_name_(base::LowerAscii(site_name)),
      interval_(interval),
      registry_(registry),
      scope_(executor) {}

void AddressCheck::Start() {
  if (!pool_.addresses().empty()) scope_.Spawn(Repeat());
}

io::Task<void> AddressCheck::Repeat() {
  while (!scope_.stopping()) {
    co_await Check();
    const absl::Status slept = co_await io::Sleep(interval_);
    if (!slept.ok()) break;
  }
}

io::Task<void> AddressCheck::Check() {
  for (const smtp::SourceAddress& source : pool_.addresses()) {
    const std::string& name = source.ehlo.empty() ? site_name_ : source.ehlo;
    const std::optional<std::string> wrong = co_await WrongWith(source, name);
    if (!wrong.has_value()) continue;
    const std::string address = source.address.ToString();
    NamesAgree(registry_, source.label, address).Set(wrong->empty() ? 1 : 0);
    std::string& said = said_[source.address];
    if (!wrong->empty() && *wrong != said) {
      POSTERN_LOG(kWarning, "egress", "the names of a source address do not agree",
                  {{"address", address}, {"label", source.label}, {"error", *wrong}});
    }
    said = *wrong;
  }
}

io::Task<std::optional<std::string>> AddressCheck::WrongWith(smtp::SourceAddress source,
                                                             std::string name) {
  const std::string address = source.public_address.ToString();
  if (name.find('.') == std::string::npos) {
    co_return base::Cat("no name is said from ", address,
                        ": set its ehlo in egress.addresses, or server.name");
  }
  const auto there = co_await resolver_.Addresses(name);
  if (IsTransient(there.status())) co_return std::nullopt;
  const auto back = co_await resolver_.Ptr(dns::ReverseName(source.public_address));
  if (IsTransient(back.status())) co_return std::nullopt;
  const bool leads = there.ok() && std::find(there->addresses.begin(), there->addresses.end(),
                                             source.public_address) != there->addresses.end();
  if (!leads) co_return base::Cat(name, " has no A or AAAA record with ", address);
  const bool leads_back =
      back.ok() && std::find(back->names.begin(), back->names.end(), name) != back->names.end();
  if (leads_back) co_return std::string();
  co_return base::Cat("the PTR record of ", address, " is ",
                      back.ok() && !back->names.empty() ? back->names.front() : "not there",
                      ", not ", name);
}

void AddressCheck::Stop() {
  scope_.Stop();
}

io::Task<void> AddressCheck::Join() {
  co_await scope_.Join();
}

}  // namespace postern::egress
