#include "services/mailbox-transport/store/value.h"

#include "common/base/text.h"
#include "services/mailbox-transport/store/crc32c.h"

namespace postern::store {

namespace {

std::uint32_t ValueCrc(std::string_view key, std::string_view payload) {
  const char version = kValueVersion;
  std::uint32_t crc = ExtendCrc32c(0, std::string_view(&version, 1));
  crc = ExtendCrc32c(crc, key);
  return ExtendCrc32c(crc, payload);
}

}  // namespace

std::array<char, kValueHeadBytes> ValueHead(std::string_view key, std::string_view payload) {
  const std::uint32_t crc = ValueCrc(key, payload);
  return {kValueVersion, static_cast<char>(crc), static_cast<char>(crc >> 8),
          static_cast<char>(crc >> 16), static_cast<char>(crc >> 24)};
}

std::string MakeValue(std::string_view key, std::string_view payload) {
  const auto head = ValueHead(key, payload);
  std::string value(head.data(), head.size());
  value.append(payload);
  return value;
}

absl::StatusOr<std::string_view> OpenValue(std::string_view key, std::string_view value) {
  if (value.size() < kValueHeadBytes) {
    return base::Error(absl::StatusCode::kDataLoss, "the value has ", value.size(),
                       " bytes, fewer than its head");
  }
  if (value[0] != kValueVersion) {
    return base::Error(absl::StatusCode::kDataLoss, "the value has version ",
                       static_cast<int>(static_cast<unsigned char>(value[0])), ", expected ",
                       static_cast<int>(kValueVersion));
  }
  const std::string_view payload = value.substr(kValueHeadBytes);
  if (ReadLittle32(value.data() + 1) != ValueCrc(key, payload)) {
    return base::Error(absl::StatusCode::kDataLoss, "the checksum of the value is wrong");
  }
  return payload;
}

std::string ChunkKey(base::MessageId id, std::uint32_t number) {
  std::string key = id.ToKey();
  for (int shift = 24; shift >= 0; shift -= 8)
    key.push_back(static_cast<char>(number >> shift));
  return key;
}

std::string IdempotencyKey(std::string_view identity, std::string_view key) {
  if (identity.empty()) return base::Cat(kRelayPrefix, key);
  return base::Cat(kKeyPrefix, identity, '\0', key);
}

std::string UploadKey(base::MessageId id) {
  return base::Cat(kUploadPrefix, id.ToKey());
}

std::uint32_t ReadLittle32(const char* at) {
  std::uint32_t value = 0;
  for (int i = 3; i >= 0; --i)
    value = value << 8 | static_cast<unsigned char>(at[i]);
  return value;
}

std::uint64_t ReadLittle64(const char* at) {
  return static_cast<std::uint64_t>(ReadLittle32(at + 4)) << 32 | ReadLittle32(at);
}

void AppendLittle64(std::string& out, std::uint64_t value) {
  for (int shift = 0; shift < 64; shift += 8)
    out.push_back(static_cast<char>(value >> shift));
}

}  // namespace postern::store
