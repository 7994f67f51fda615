// common/tls/digest.h
//
// Sha256: the SHA-256 of bytes that come in pieces.
//
// Flow      Update as often as needed; Finish once.
// See       FIPS 180-4

#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace postern::tls {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void Update(std::string_view bytes);
  // 32 bytes.
  std::string Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace postern::tls
