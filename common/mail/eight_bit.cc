#include "common/mail/eight_bit.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/mail/content.h"
#include "common/mail/header.h"
#include "common/mail/mime_walker.h"
#include "common/mail/quoted_printable.h"
#include "common/mail/utf8.h"

namespace postern::mail {

namespace {

constexpr std::size_t kBase64LineInputBytes = 57;  // 76 columns

template <typename... Parts>
absl::Status Refuse(const Parts&... parts) {
  return base::Error(absl::StatusCode::kFailedPrecondition, parts...);
}

// RFC 2046 §5.2 forbids to encode messages of every kind; RFC 6532 §3.7 allows it for this one.
bool MayBeEncoded(std::string_view type) {
  return !type.empty() && !type.starts_with("multipart/") &&
         (!type.starts_with("message/") || type.starts_with("message/global"));
}

// Lines of base64, the last one without its CRLF.
void AppendBase64(std::string_view bytes, std::string& out) {
  for (std::size_t at = 0; at < bytes.size(); at += kBase64LineInputBytes) {
    if (at > 0) out.append("\r\n");
    out.append(base::Base64(bytes.substr(at, kBase64LineInputBytes)));
  }
}

std::string_view FirstEightBitField(std::string_view header) {
  for (const HeaderField& field : HeaderBlock(header)) {
    if (!IsAscii(field.raw)) return field.name;
  }
  return "";
}

class Converter {
 public:
  explicit Converter(std::string_view content) : rest_(content) {
    out_.reserve(content.size() + content.size() / 4);
  }

  absl::Status Convert(const MimeEntity& entity) {
    ++number_;
    if (entity.kind == MimeKind::kMargin) {
      // Readers pass over it (RFC 2046 §5.1.1).
      if (!IsSevenBit(entity.body)) Replace(entity.body, "\r\n");
      return absl::OkStatus();
    }
    if (!IsAscii(entity.header)) {
      return Refuse("the header field ", FirstEightBitField(entity.header), " has 8-bit bytes");
    }
    switch (entity.kind) {
      case MimeKind::kSealed:
        if (IsSevenBit(entity.body)) return absl::OkStatus();
        return Refuse(entity.type, " has 8-bit bytes and may not be changed");
      case MimeKind::kLeaf:
        return ConvertLeaf(entity);
      default:
        Label(entity, entity.encoding > TransferEncoding::k7Bit ? "7bit" : "", "");
        return absl::OkStatus();
    }
  }

  std::string Finish() {
    out_.append(rest_);
    return std::move(out_);
  }

 private:
  absl::Status ConvertLeaf(const MimeEntity& entity) {
    if (IsSevenBit(entity.body)) {
      const bool says_more = entity.identity() && entity.encoding > TransferEncoding::k7Bit;
      if (says_more) Label(entity, "7bit", "");
      return absl::OkStatus();
    }
    if (!entity.identity()) {
      return Refuse("part ", number_, " has 8-bit bytes and says that it is encoded otherwise");
    }
    if (!MayBeEncoded(entity.type)) {
      return Refuse("part ", number_, " of type \"", base::Printable(entity.type),
                    "\" has 8-bit bytes and may not be encoded");
    }
    const bool text = entity.type.starts_with("text/");
    const bool unlabelled = !entity.has_type && !IsAscii(entity.body);
    Label(entity, text ? "quoted-printable" : "base64",
          unlabelled ? "Content-Type: text/plain; charset=unknown-8bit\r\n" : "");
    std::string encoded;
    if (text) {
      encoded = ToQuotedPrintable(entity.body, LineEnds::kKept);
    } else {
      AppendBase64(entity.body, encoded);
      if (entity.body.ends_with("\r\n")) encoded.append("\r\n");
    }
    Replace(entity.body, encoded);
    return absl::OkStatus();
  }

  // Writes the header with this Content-Transfer-Encoding, unless it is empty, and these fields.
  void Label(const MimeEntity& entity, std::string_view encoding, std::string_view fields) {
    const bool ends = entity.header.ends_with("\r\n\r\n") || entity.header == "\r\n";
    const std::string label = base::Cat("Content-Transfer-Encoding: ", encoding);
    if (!entity.encoding_field.empty() && !encoding.empty()) {
      Replace(entity.encoding_field,
              base::Cat(label, entity.encoding_field.ends_with("\r\n") ? "\r\n" : ""));
    }
    // A header that does not end has nothing behind it that would need a field.
    if (!ends) return;
    std::string added(fields);
    // Without it the encoding below means nothing.
    if (entity.whole && !entity.has_version && !IsSevenBit(entity.body)) {
      added.insert(0, "MIME-Version: 1.0\r\n");
    }
    if (entity.encoding_field.empty() && !encoding.empty()) added.append(label).append("\r\n");
    if (!added.empty()) Replace(entity.header.substr(entity.header.size() - 2, 0), added);
  }

  // `bytes` lie in what has not been written yet.
  void Replace(std::string_view bytes, std::string_view with) {
    const auto before = static_cast<std::size_t>(bytes.data() - rest_.data());
    out_.append(rest_.substr(0, before)).append(with);
    rest_.remove_prefix(before + bytes.size());
  }

  std::string_view rest_;
  std::string out_;
  std::size_t number_ = 0;
};

}  // namespace

bool IsSevenBit(std::string_view bytes) {
  ContentScan scan;
  scan.Feed(bytes);
  scan.Finish();
  return !scan.eight_bit() && !scan.nul() && !scan.bare_cr() && !scan.bare_lf() &&
         scan.longest_line() <= kSevenBitLineBytesMax;
}

absl::StatusOr<std::string> ToSevenBit(std::string_view content) {
  if (IsSevenBit(content)) return std::string(content);
  POSTERN_ASSIGN_OR_RETURN(const std::vector<MimeEntity> entities, WalkMime(content));
  Converter converter(content);
  for (const MimeEntity& entity : entities)
    POSTERN_RETURN_IF_ERROR(converter.Convert(entity));
  std::string converted = converter.Finish();
  // What stands between the parts was not looked at: long lines of headers, blanks at delimiters.
  if (!IsSevenBit(converted)) {
    return Refuse("a line outside the bodies has more than ", kSevenBitLineBytesMax, " bytes");
  }
  return converted;
}

}  // namespace postern::mail
