#include "common/dns/letter_case.h"

#include <cstddef>
#include <cstdint>

namespace postern::dns {

namespace {

constexpr std::size_t kHeaderBytes = 12;
constexpr std::size_t kTypeAndClassBytes = 4;
constexpr std::size_t kLabelMax = 63;  // more is a pointer, which no question has

}  // namespace

std::string_view QuestionOf(std::string_view message) {
  std::size_t end = kHeaderBytes;
  while (end < message.size() && message[end] != '\0') {
    const auto label = static_cast<unsigned char>(message[end]);
    if (label > kLabelMax) return {};
    end += 1u + label;
  }
  end += 1 + kTypeAndClassBytes;
  if (end > message.size()) return {};
  return message.substr(kHeaderBytes, end - kHeaderBytes);
}

void MixCase(std::string& message, base::Random& random) {
  const std::size_t question = QuestionOf(message).size();
  if (question == 0) return;
  const std::size_t name_end = kHeaderBytes + question - kTypeAndClassBytes;
  std::uint64_t bits = 0;
  unsigned left = 0;
  // The lengths between the labels are no letters.
  for (std::size_t i = kHeaderBytes; i < name_end; ++i) {
    const bool letter =
        (message[i] >= 'a' && message[i] <= 'z') || (message[i] >= 'A' && message[i] <= 'Z');
    if (!letter) continue;
    if (left == 0) {
      bits = random.Next();
      left = 64;
    }
    constexpr char kCaseBit = 0x20;
    if ((bits & 1) != 0) message[i] = static_cast<char>(message[i] ^ kCaseBit);
    bits >>= 1;
    --left;
  }
}

}  // namespace postern::dns
