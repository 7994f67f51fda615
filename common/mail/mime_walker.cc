#include "common/mail/mime_walker.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/mail/content.h"
#include "common/mail/header.h"
#include "common/mail/media_type.h"

namespace postern::mail {

namespace {

constexpr std::array<std::string_view, 4> kSealed = {"multipart/signed", "multipart/encrypted",
                                                     "application/pkcs7-mime",
                                                     "application/x-pkcs7-mime"};

absl::Status Invalid(std::string_view text) {
  return absl::InvalidArgumentError(absl::string_view(text.data(), text.size()));
}

TransferEncoding EncodingOf(std::string_view token) {
  if (token == "7bit") return TransferEncoding::k7Bit;
  if (token == "8bit") return TransferEncoding::k8Bit;
  if (token == "binary") return TransferEncoding::kBinary;
  if (token == "quoted-printable" || token == "base64") return TransferEncoding::kEncoded;
  return TransferEncoding::kOther;
}

// One delimiter line of a multipart.
struct Delimiter {
  std::size_t begin = 0;  // of the CRLF before it, which is part of it
  std::size_t end = 0;    // of the line, its own CRLF not included
  bool closes = false;
};

class Walker {
 public:
  absl::Status Walk(std::string_view bytes, std::string_view default_type, bool whole) {
    if (++depth_ > kMimeDepthMax) {
      return base::Error(absl::StatusCode::kFailedPrecondition, "parts are nested more than ",
                         kMimeDepthMax, " deep");
    }
    MimeEntity entity;
    entity.type = default_type;
    entity.whole = whole;
    entity.header = bytes.substr(0, HeaderBytes(bytes));
    entity.body = bytes.substr(entity.header.size());
    std::string_view parameters;
    POSTERN_RETURN_IF_ERROR(ReadHeader(entity, parameters));
    entity.kind = KindOf(entity);
    const std::string_view body = entity.body;
    const MimeKind kind = entity.kind;
    const bool digest = entity.type == "multipart/digest";
    POSTERN_RETURN_IF_ERROR(Add(std::move(entity)));
    if (kind == MimeKind::kMessage) {
      POSTERN_RETURN_IF_ERROR(Walk(body, "text/plain", true));
    } else if (kind == MimeKind::kMultipart) {
      POSTERN_RETURN_IF_ERROR(
          WalkParts(body, parameters, digest ? "message/rfc822" : "text/plain"));
    }
    --depth_;
    return absl::OkStatus();
  }

  std::vector<MimeEntity> Take() { return std::move(entities_); }

 private:
  absl::Status Add(MimeEntity entity) {
    if (entities_.size() == kMimeEntitiesMax) {
      return base::Error(absl::StatusCode::kFailedPrecondition, "there are more than ",
                         kMimeEntitiesMax, " parts");
    }
    entities_.push_back(std::move(entity));
    return absl::OkStatus();
  }

  absl::Status AddMargin(std::string_view text) {
    MimeEntity margin;
    margin.kind = MimeKind::kMargin;
    margin.body = text;
    return text.empty() ? absl::OkStatus() : Add(std::move(margin));
  }

  static absl::Status ReadHeader(MimeEntity& entity, std::string_view& parameters) {
    ContentScan scan;
    scan.Feed(entity.header);
    scan.Finish();
    if (scan.bare_cr() || scan.bare_lf() || scan.nul()) {
      return Invalid("the header of a part has a NUL, or a CR or LF alone");
    }
    std::size_t bytes = 0;
    for (const HeaderField& field : HeaderBlock(entity.header)) {
      bytes += field.raw.size();
      if (base::EqualsIgnoreCase(field.name, "MIME-Version")) {
        entity.has_version = true;
      } else if (base::EqualsIgnoreCase(field.name, "Content-Transfer-Encoding")) {
        if (!entity.encoding_field.empty()) {
          return Invalid("a part has the field content-transfer-encoding twice");
        }
        entity.encoding_field = field.raw;
        const auto token = ParseToken(field.body);
        entity.encoding = token.ok() ? EncodingOf(*token) : TransferEncoding::kOther;
      } else if (base::EqualsIgnoreCase(field.name, "Content-Type")) {
        if (entity.has_type) return Invalid("a part has the field content-type twice");
        entity.has_type = true;
        const auto media = ParseMediaType(field.body);
        entity.type = media.ok() ? media->name : "";
        if (media.ok()) parameters = media->parameters;
      }
    }
    const std::string_view rest = entity.header.substr(bytes);
    if (rest.empty() || rest == "\r\n") return absl::OkStatus();
    return Invalid("the header of a part has a line that is no field");
  }

  static MimeKind KindOf(const MimeEntity& entity) {
    if (std::find(kSealed.begin(), kSealed.end(), entity.type) != kSealed.end()) {
      return MimeKind::kSealed;
    }
    // A composite may not be encoded; one that says so is passed on as it is, or not at all.
    if (!entity.identity()) return MimeKind::kLeaf;
    if (entity.type == "message/rfc822") return MimeKind::kMessage;
    return entity.type.starts_with("multipart/") ? MimeKind::kMultipart : MimeKind::kLeaf;
  }

  absl::Status WalkParts(std::string_view body,
                         std::string_view parameters,
                         std::string_view default_type) {
    POSTERN_ASSIGN_OR_RETURN(std::string boundary, BoundaryOf(parameters));
    for (const std::string& outer : boundaries_) {
      if (!outer.starts_with(boundary) && !boundary.starts_with(outer)) continue;
      return Invalid("the boundary of a multipart begins like that of one around it");
    }
    boundaries_.push_back(boundary);
    const std::string needle = base::Cat("\r\n--", boundary);
    POSTERN_ASSIGN_OR_RETURN(std::optional<Delimiter> last, FirstDelimiter(body, needle));
    if (!last) return Invalid("a multipart has no delimiter line");
    if (last->closes) return Invalid("a multipart has no part");
    const bool at_start = body.starts_with(std::string_view(needle).substr(2));
    if (!at_start) {
      POSTERN_RETURN_IF_ERROR(AddMargin(body.substr(0, last->begin + 2)));
    }
    while (!last->closes) {
      POSTERN_ASSIGN_OR_RETURN(std::optional<Delimiter> next, Find(body, needle, last->end));
      if (!next) return Invalid("a multipart has no closing delimiter line");
      // Without an empty line the CRLF of the one delimiter is that of the next.
      const std::size_t begin = std::min(last->end + 2, body.size());
      const std::size_t end = std::max(begin, next->begin);
      POSTERN_RETURN_IF_ERROR(Walk(body.substr(begin, end - begin), default_type, false));
      last = next;
    }
    POSTERN_ASSIGN_OR_RETURN(const std::optional<Delimiter> more, Find(body, needle, last->end));
    if (more) return Invalid("a multipart goes on behind its closing delimiter line");
    boundaries_.pop_back();
    return AddMargin(body.substr(last->end));
  }

  static absl::StatusOr<std::optional<Delimiter>> FirstDelimiter(std::string_view body,
                                                                 std::string_view needle) {
    if (!body.starts_with(needle.substr(2))) return Find(body, needle, 0);
    return Read(body, 0, needle.size() - 2);
  }

  static absl::StatusOr<std::optional<Delimiter>> Find(std::string_view body,
                                                       std::string_view needle,
                                                       std::size_t from) {
    const std::size_t at = body.find(needle, from);
    if (at == std::string_view::npos) return std::nullopt;
    return Read(body, at, at + needle.size());
  }

  // The line goes on at `at`. What begins like a delimiter must be one: some readers compare the
  // beginning only (RFC 2046 §5.1.1), others all of the line.
  static absl::StatusOr<std::optional<Delimiter>> Read(std::string_view body,
                                                       std::size_t begin,
                                                       std::size_t at) {
    Delimiter found;
    found.begin = begin;
    found.closes = body.substr(at, 2) == "--";
    if (found.closes) at += 2;
    while (at < body.size() && (body[at] == ' ' || body[at] == '\t'))
      ++at;
    found.end = at;
    if (at < body.size() && body.substr(at, 2) != "\r\n") {
      return Invalid("a line begins like a delimiter of a multipart and is none");
    }
    return found;
  }

  std::vector<MimeEntity> entities_;
  std::vector<std::string> boundaries_;  // of the multiparts that are open
  std::size_t depth_ = 0;
};

}  // namespace

absl::StatusOr<std::vector<MimeEntity>> WalkMime(std::string_view message) {
  Walker walker;
  POSTERN_RETURN_IF_ERROR(walker.Walk(message, "text/plain", true));
  return walker.Take();
}

}  // namespace postern::mail
