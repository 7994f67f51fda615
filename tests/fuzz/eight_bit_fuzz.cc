// A message that is converted is 7-bit, has the parts it had, and decodes to what was there.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/check.h"
#include "common/mail/eight_bit.h"
#include "common/mail/mime_walker.h"
#include "tests/support/transfer_decoding.h"

namespace postern::fuzz {

inline std::vector<mail::MimeEntity> PartsOf(std::string_view message) {
  auto entities = mail::WalkMime(message);
  POSTERN_CHECK(entities.ok());
  std::erase_if(*entities,
                [](const mail::MimeEntity& one) { return one.kind == mail::MimeKind::kMargin; });
  return *std::move(entities);
}

inline void CheckLeaf(const mail::MimeEntity& before, const mail::MimeEntity& after) {
  if (before.encoding == after.encoding || after.encoding == mail::TransferEncoding::k7Bit) {
    POSTERN_CHECK(before.body == after.body);
    return;
  }
  const bool text = before.type.starts_with("text/");
  const auto decoded =
      text ? testing::DecodeQuotedPrintable(after.body) : testing::DecodeBase64Lines(after.body);
  POSTERN_CHECK(decoded == before.body);
}

}  // namespace postern::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postern;
  const std::string_view message(reinterpret_cast<const char*>(data), size);
  const auto converted = mail::ToSevenBit(message);
  if (!converted.ok()) {
    POSTERN_CHECK(absl::IsFailedPrecondition(converted.status()) ||
                  absl::IsInvalidArgument(converted.status()));
    return 0;
  }
  POSTERN_CHECK(mail::IsSevenBit(*converted));
  if (*converted == message) return 0;
  const auto before = fuzz::PartsOf(message);
  const auto after = fuzz::PartsOf(*converted);
  POSTERN_CHECK(before.size() == after.size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    POSTERN_CHECK(before[i].kind == after[i].kind);
    if (before[i].kind == mail::MimeKind::kLeaf) fuzz::CheckLeaf(before[i], after[i]);
    if (before[i].kind == mail::MimeKind::kSealed) POSTERN_CHECK(before[i].body == after[i].body);
  }
  return 0;
}
