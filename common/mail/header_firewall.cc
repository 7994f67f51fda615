#include "common/mail/header_firewall.h"

#include <algorithm>
#include <array>
#include <vector>

#include "common/base/text.h"
#include "common/mail/header.h"

namespace postern::mail {

namespace {

constexpr std::string_view kExchange = "X-MS-Exchange-";
constexpr std::string_view kOrganization = "X-MS-Exchange-Organization-";
constexpr std::string_view kForest = "X-MS-Exchange-Forest-";
constexpr std::string_view kCrossPremises = "X-MS-Exchange-CrossPremises-";

constexpr std::array<std::string_view, 7> kResent = {
    "Resent-Date", "Resent-From", "Resent-Sender",    "Resent-To",
    "Resent-Cc",   "Resent-Bcc",  "Resent-Message-ID"};

// The Organization fields that a hybrid organization shares with its other half.
constexpr std::array<std::string_view, 14> kPromoted = {"AuthAs",
                                                        "AuthDomain",
                                                        "AuthMechanism",
                                                        "AuthSource",
                                                        "Antispam-Report",
                                                        "SCL",
                                                        "Original-Scl",
                                                        "PCL",
                                                        "Quarantine",
                                                        "SenderIdResult",
                                                        "Original-Sender",
                                                        "OriginalSize",
                                                        "OriginalArrivalTime",
                                                        "Journal-Report"};

template <std::size_t Count>
bool IsOneOf(std::string_view name, const std::array<std::string_view, Count>& names) {
  return std::any_of(names.begin(), names.end(),
                     [name](std::string_view one) { return base::EqualsIgnoreCase(one, name); });
}

bool Promotes(std::string_view name, const FirewallRules& rules) {
  return rules.cross_premises == CrossPremises::kPromote &&
         base::StartsWithIgnoreCase(name, kOrganization) &&
         IsOneOf(name.substr(kOrganization.size()), kPromoted);
}

bool IsRouting(std::string_view name) {
  // Most fields differ in their first letter.
  if (name.empty() || (name[0] != 'R' && name[0] != 'r')) return false;
  return base::EqualsIgnoreCase(name, "Received") || IsOneOf(name, kResent);
}

// What the firewall decides of one field by its name alone.
bool Passes(std::string_view name, const FirewallRules& rules) {
  if (rules.hides && HidesField(name)) return false;
  if (IsRouting(name)) return rules.rights.routing;
  if (!base::StartsWithIgnoreCase(name, kExchange)) return true;
  if (base::StartsWithIgnoreCase(name, kOrganization)) return rules.rights.organization;
  if (base::StartsWithIgnoreCase(name, kForest)) return rules.rights.forest;
  if (base::StartsWithIgnoreCase(name, kCrossPremises)) {
    return rules.cross_premises != CrossPremises::kRemove;
  }
  return true;
}

class Filter {
 public:
  Filter(std::string_view header, const FirewallRules& rules)
      : block_(header), rules_(rules), rest_(block_.bytes()) {
    for (const HeaderField& field : block_) {
      if (Promotes(field.name, rules_))
        promoted_.push_back(field.name.substr(kOrganization.size()));
    }
  }

  std::optional<std::string> Run() {
    for (const HeaderField& field : block_) {
      const bool promotes = Promotes(field.name, rules_);
      const bool passes = Passes(field.name, rules_) && !Overwritten(field.name);
      if (passes && !promotes) continue;
      CopyTo(field);
      if (promotes) Promote(field);
      if (passes) out_.append(field.raw);
      rest_.remove_prefix(field.raw.size());
    }
    if (!changed_) return std::nullopt;
    out_.append(rest_);
    return std::move(out_);
  }

 private:
  // Copies all that stands between the last field that was looked at and this one.
  void CopyTo(const HeaderField& field) {
    if (!changed_) out_.reserve(block_.bytes().size() + promoted_.size());
    changed_ = true;
    const auto before = static_cast<std::size_t>(field.raw.data() - rest_.data());
    out_.append(rest_.substr(0, before));
    rest_.remove_prefix(before);
  }

  void Promote(const HeaderField& field) {
    out_.append(kCrossPremises);
    out_.append(field.raw.substr(kOrganization.size()));
  }

  // A CrossPremises field whose place a promoted one takes.
  bool Overwritten(std::string_view name) const {
    if (promoted_.empty() || !base::StartsWithIgnoreCase(name, kCrossPremises)) return false;
    const std::string_view kept = name.substr(kCrossPremises.size());
    return std::any_of(promoted_.begin(), promoted_.end(),
                       [kept](std::string_view one) { return base::EqualsIgnoreCase(one, kept); });
  }

  const HeaderBlock block_;
  const FirewallRules rules_;
  std::string_view rest_;
  std::vector<std::string_view> promoted_;
  std::string out_;
  bool changed_ = false;
};

}  // namespace

bool HidesField(std::string_view name) {
  return base::EqualsIgnoreCase(name, "Bcc") || base::EqualsIgnoreCase(name, "Resent-Bcc") ||
         base::EqualsIgnoreCase(name, "Return-Path");
}

std::optional<std::string> FilterHeader(std::string_view header, const FirewallRules& rules) {
  return Filter(header, rules).Run();
}

bool MentionsExchange(std::string_view header) {
  for (std::size_t at = header.find('-'); at != std::string_view::npos;
       at = header.find('-', at + 1)) {
    if (at == 0) continue;
    if (base::StartsWithIgnoreCase(header.substr(at - 1), kExchange)) return true;
  }
  return false;
}

}  // namespace postern::mail
