// name   = part *(("," / ";") part)         spaces around separators do not count
// part   = type "=" value *("+" type "=" value)
// value  = plain, "\" before a special character, or "..." in which a quote is doubled or escaped
#include "common/tls/certificate_name.h"

#include <algorithm>
#include <vector>

#include <openssl/x509.h>

#include "common/base/text.h"

namespace postern::tls {

namespace {

constexpr std::size_t kTextBytesMax = 4096;
constexpr std::size_t kPartsMax = 64;
constexpr std::string_view kSpecial = ",;+\"\\<>=";

template <typename... Parts>
absl::Status Broken(const Parts&... rule) {
  return base::Error(absl::StatusCode::kInvalidArgument, rule...);
}

std::string NormalType(std::string_view type) {
  std::string upper = base::UpperAscii(base::Trim(type));
  if (upper.starts_with("OID.")) upper.erase(0, 4);
  if (upper == "S") return "ST";
  if (upper == "E" || upper == "EMAIL") return "EMAILADDRESS";
  if (upper == "T") return "TITLE";
  if (upper == "G") return "GN";
  return upper;
}

// Values may hold what parts a name: then it is escaped, so that no two names look the same.
void AppendValue(std::string& out, std::string_view value) {
  for (const char c : base::LowerAscii(value)) {
    if (kSpecial.find(c) != std::string_view::npos) out.push_back('\\');
    out.push_back(c);
  }
}

class NameReader {
 public:
  explicit NameReader(std::string_view text) : rest_(base::Trim(text)) {}

  absl::StatusOr<std::string> Read() {
    if (rest_.empty()) return Broken("a name is empty");
    for (std::size_t parts = 0;; ++parts) {
      if (parts == kPartsMax) return Broken("a name has at most ", kPartsMax, " parts");
      if (absl::Status part = ReadPart(); !part.ok()) return part;
      if (rest_.empty()) return std::move(out_);
      out_.push_back(rest_[0] == '+' ? '+' : ',');
      rest_ = base::Trim(rest_.substr(1));
      if (rest_.empty()) return Broken("a name ends with a separator");
    }
  }

 private:
  absl::Status ReadPart() {
    const std::size_t equals = rest_.find('=');
    const std::string type = NormalType(rest_.substr(0, equals));
    const bool good = !type.empty() && std::all_of(type.begin(), type.end(), [](char c) {
      return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    });
    if (equals == std::string_view::npos || !good) {
      return Broken("\"", base::Printable(rest_), "\": a part of a name is written as CN=value");
    }
    rest_ = base::Trim(rest_.substr(equals + 1));
    out_.append(type).push_back('=');
    return rest_.starts_with('"') ? ReadQuoted() : ReadPlain();
  }

  absl::Status ReadQuoted() {
    std::string value;
    std::size_t at = 1;
    for (; at < rest_.size(); ++at) {
      const bool doubled = rest_[at] == '"' && rest_.substr(at + 1, 1) == "\"";
      if (rest_[at] == '\\' || doubled) {
        ++at;
      } else if (rest_[at] == '"') {
        break;
      }
      if (at < rest_.size()) value.push_back(rest_[at]);
    }
    if (at >= rest_.size()) return Broken("a quote is not closed");
    rest_ = base::Trim(rest_.substr(at + 1));
    if (!rest_.empty() && std::string_view(",;+").find(rest_[0]) == std::string_view::npos) {
      return Broken("\"", base::Printable(rest_), "\" follows a quoted value");
    }
    AppendValue(out_, value);
    return absl::OkStatus();
  }

  absl::Status ReadPlain() {
    std::string value;
    std::size_t at = 0;
    for (; at < rest_.size(); ++at) {
      if (rest_[at] == '\\' && at + 1 < rest_.size()) {
        ++at;
      } else if (std::string_view(",;+").find(rest_[at]) != std::string_view::npos) {
        break;
      }
      value.push_back(rest_[at]);
    }
    rest_.remove_prefix(at);
    AppendValue(out_, base::Trim(value));
    return absl::OkStatus();
  }

  std::string_view rest_;
  std::string out_;
};

std::string TypeOf(const X509_NAME_ENTRY* part) {
  const ASN1_OBJECT* object = X509_NAME_ENTRY_get_object(part);
  const int nid = OBJ_obj2nid(object);
  if (nid != NID_undef) return NormalType(OBJ_nid2sn(nid));
  char text[80];
  OBJ_obj2txt(text, sizeof text, object, 1);
  return text;
}

}  // namespace

absl::StatusOr<std::string> NormalName(std::string_view text) {
  return NameReader(text).Read();
}

std::string NormalName(const X509_name_st& name) {
  std::string out;
  int set_before = -1;
  // A certificate has the least specific part first.
  for (int i = X509_NAME_entry_count(&name) - 1; i >= 0; --i) {
    const X509_NAME_ENTRY* part = X509_NAME_get_entry(&name, i);
    unsigned char* utf8 = nullptr;
    const int length = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(part));
    if (!out.empty()) out.push_back(X509_NAME_ENTRY_set(part) == set_before ? '+' : ',');
    set_before = X509_NAME_ENTRY_set(part);
    out.append(TypeOf(part)).push_back('=');
    if (length > 0) {
      AppendValue(out, {reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(length)});
    }
    OPENSSL_free(utf8);
  }
  return out;
}

absl::StatusOr<CertificateName> CertificateName::Parse(std::string_view given) {
  const std::string_view text = base::Trim(given);
  constexpr std::string_view kForm = "is written as <I>issuer<S>subject";
  if (text.size() > kTextBytesMax) return Broken("has at most ", kTextBytesMax, " bytes");
  const std::size_t subject = text.find("<S>");
  if (!text.starts_with("<I>") || subject == std::string_view::npos) return Broken(kForm);
  CertificateName name;
  auto issuer_name = NormalName(text.substr(3, subject - 3));
  if (!issuer_name.ok()) return base::Annotate(issuer_name.status(), "issuer");
  auto subject_name = NormalName(text.substr(subject + 3));
  if (!subject_name.ok()) return base::Annotate(subject_name.status(), "subject");
  name.issuer = *std::move(issuer_name);
  name.subject = *std::move(subject_name);
  return name;
}

}  // namespace postern::tls
