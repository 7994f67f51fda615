#include "common/connector/content_hash.h"

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include <openssl/evp.h>

#include "common/base/check.h"
#include "common/base/text.h"

namespace postern::connector {

std::string ContentHash(std::string_view bytes) {
  constexpr unsigned kBytes = 8;
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  POSTERN_CHECK(EVP_Digest(bytes.data(), bytes.size(), digest, &length, EVP_sha256(), nullptr) ==
                1);
  POSTERN_CHECK(length >= kBytes);
  return base::Hex(std::string_view(reinterpret_cast<const char*>(digest), kBytes));
}

std::string ContentHash(const google::protobuf::Message& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream out(&bytes);
    google::protobuf::io::CodedOutputStream coded(&out);
    coded.SetSerializationDeterministic(true);
    POSTERN_CHECK(message.SerializeToCodedStream(&coded));
  }
  return ContentHash(bytes);
}

}  // namespace postern::connector
