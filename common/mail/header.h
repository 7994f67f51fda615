// common/mail/header.h
//
// HeaderBlock: the header fields of a message, seen in place.
//
// Flow      for (const HeaderField& field : HeaderBlock(message)) ...; Find, Count.
// Failure   None: a line that is no field is passed over, a message without a body is all header.
// Lifetime  Every view points into the message, which must outlive it.
// Limits    DecodeWords gives at most kDecodedBytesMax bytes.
// See       RFC 5322 §2.2; RFC 2047; RFC 6532

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace postern::mail {

inline constexpr std::size_t kDecodedBytesMax = 256;

struct HeaderField {
  std::string_view name;  // without the colon and the spaces before it
  std::string_view body;  // after the colon, folds and all, without the last CRLF
  std::string_view raw;   // the field as it stands, its last CRLF included
};

// The bytes of the header block with the empty line that ends it: up to and with the first
// CRLFCRLF, 2 when the message begins with CRLF, all of it when there is no empty line.
std::size_t HeaderBytes(std::string_view message);

// True when `text` begins with a field: a name of printable ASCII, and a colon.
bool StartsWithField(std::string_view text);

class HeaderBlock {
 public:
  class Iterator {
   public:
    explicit Iterator(std::string_view rest) : rest_(rest) { Advance(); }

    const HeaderField& operator*() const { return field_; }

    const HeaderField* operator->() const { return &field_; }

    Iterator& operator++() {
      Advance();
      return *this;
    }

    bool operator==(const Iterator& other) const {
      return field_.raw.data() == other.field_.raw.data();
    }

   private:
    void Advance();

    std::string_view rest_;
    HeaderField field_;  // raw.data() is null at the end
  };

  // `message` is a message, or its header block alone.
  explicit HeaderBlock(std::string_view message)
      : bytes_(message.substr(0, HeaderBytes(message))) {}

  Iterator begin() const { return Iterator(bytes_); }

  Iterator end() const { return Iterator(std::string_view()); }

  // With the empty line, when there is one.
  std::string_view bytes() const { return bytes_; }

  // The first field of that name, in any case.
  std::optional<HeaderField> Find(std::string_view name) const;
  std::size_t Count(std::string_view name) const;

 private:
  std::string_view bytes_;
};

// The body of a field on one line: each CRLF of a fold is gone, the ends are trimmed.
std::string Unfold(std::string_view body);

// The text of an unstructured field for people: unfolded, RFC 2047 words in UTF-8, US-ASCII and
// ISO-8859-1 decoded, other words as they stand; always valid UTF-8 without control bytes.
std::string DecodeWords(std::string_view body, std::size_t bytes_max = kDecodedBytesMax);

}  // namespace postern::mail
