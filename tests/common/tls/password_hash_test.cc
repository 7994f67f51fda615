#include "common/tls/password_hash.h"

#include <gtest/gtest.h>

namespace postern::tls {
namespace {

TEST(PasswordHashTest, KnownAnswersMatch) {
  // RFC 7914 §12, with the first 32 of its 64 bytes.
  PasswordHash scrypt;
  scrypt.cost = 1024;
  scrypt.block = 8;
  scrypt.lanes = 16;
  scrypt.salt = "NaCl";
  scrypt.hash = std::string(
      "\xfd\xba\xbe\x1c\x9d\x34\x72\x00\x78\x56\xe7\x19\x0d\x01\xe9\xfe\x7c\x6a\xd7\xcb\xc8\x23\x78"
      "\x30"
      "\xe7\x73\x76\x63\x4b\x37\x31\x62",
      32);
  EXPECT_TRUE(scrypt.Matches("password"));
  EXPECT_FALSE(scrypt.Matches("Password"));
}

TEST(PasswordHashTest, WhatIsWrittenIsRead) {
  PasswordHash rounds;
  rounds.scheme = PasswordHash::Scheme::kPbkdf2Sha256;
  rounds.cost = 1000;
  PasswordHash quick;
  quick.cost = 1024;
  for (const PasswordHash& like : {rounds, quick}) {
    const std::string text = HashPassword("sesame", like).ToString();
    const auto hash = PasswordHash::Parse(text);
    ASSERT_TRUE(hash.ok()) << hash.status();
    EXPECT_TRUE(hash->Matches("sesame"));
    EXPECT_FALSE(hash->Matches("sesame "));
    EXPECT_FALSE(hash->Matches(""));
    EXPECT_NE(HashPassword("sesame", like).ToString(), text);
  }
}

TEST(PasswordHashTest, AnEmptyHashMatchesNothing) {
  EXPECT_FALSE(PasswordHash().Matches(""));
}

}  // namespace
}  // namespace postern::tls
