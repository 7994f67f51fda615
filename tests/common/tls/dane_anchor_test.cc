#include "common/tls/dane_anchor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/common/tls/dane_records.h"
#include "tests/support/certificates.h"

namespace postern::tls {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::string k32(32, 'a');
const std::string k64(64, 'b');

TEST(DaneAnchorTest, OnlyWhatMailCanGoByIsUsable) {
  testing::CertificateAuthority ca;
  const auto files = ca.Issue(testing::ForHost("mx.a.test"));
  const std::string whole = testing::DaneOf(files.certificate_file, kDaneEe, 0, 0).data;
  const std::string key = testing::DaneOf(files.certificate_file, kDaneEe, 1, 0).data;

  struct Row {
    const char* fact;
    DaneAnchor anchor;
    bool usable;
  };

  const Row rows[] = {
      {"pkix-ta", {0, 1, 1, k32}, false},
      {"pkix-ee", {1, 1, 1, k32}, false},
      {"dane-ta", {2, 0, 1, k32}, true},
      {"dane-ee", {3, 1, 1, k32}, true},
      {"private usage", {255, 1, 1, k32}, false},
      {"unknown usage", {4, 1, 1, k32}, false},
      {"unknown selector", {3, 2, 1, k32}, false},
      {"unknown matching", {3, 1, 3, k32}, false},
      {"sha-512", {3, 1, 2, k64}, true},
      {"sha-256 too long", {3, 1, 1, k64}, false},
      {"sha-512 too short", {3, 1, 2, k32}, false},
      {"sha-256 empty", {3, 1, 1, ""}, false},
      {"whole certificate", {3, 0, 0, whole}, true},
      {"whole key", {2, 1, 0, key}, true},
      {"a key as certificate", {3, 0, 0, key}, false},
      {"a certificate as key", {3, 1, 0, whole}, false},
      {"bytes after the certificate", {3, 0, 0, whole + "x"}, false},
      {"certificate cut", {3, 0, 0, whole.substr(0, 99)}, false},
      {"empty", {3, 0, 0, ""}, false},
  };
  for (const Row& row : rows)
    EXPECT_EQ(UsableOf({row.anchor}).size(), row.usable ? 1u : 0u) << row.fact;
}

TEST(DaneAnchorTest, TheStrongestDigestOfAUsageAndSelectorCounts) {
  const DaneAnchor weak{3, 1, 1, k32}, strong{3, 1, 2, k64};
  EXPECT_THAT(UsableOf({weak, strong}), ElementsAre(strong));
  EXPECT_THAT(UsableOf({strong, weak, weak}), ElementsAre(strong));
  // Of another usage or selector, or damaged, it outdoes nothing.
  const DaneAnchor other_selector{3, 0, 2, k64}, other_usage{2, 1, 2, k64}, damaged{3, 1, 2, k32};
  EXPECT_THAT(UsableOf({weak, other_selector}), ElementsAre(weak, other_selector));
  EXPECT_THAT(UsableOf({weak, other_usage}), ElementsAre(weak, other_usage));
  EXPECT_THAT(UsableOf({weak, damaged}), ElementsAre(weak));
  EXPECT_THAT(UsableOf({}), IsEmpty());
}

TEST(DaneAnchorTest, WholeDataStaysBesideDigests) {
  testing::CertificateAuthority ca;
  const DaneAnchor whole = testing::DaneOf(ca.ca_file(), kDaneTa, 0, 0);
  const DaneAnchor strong{2, 0, 2, k64};
  EXPECT_THAT(UsableOf({whole, strong}), ElementsAre(whole, strong));
}

TEST(DaneAnchorTest, AnAnchorIsShownAsInAZoneAndCut) {
  EXPECT_EQ(TextOf({3, 1, 1, k32}), "3 1 1 6161616161616161...");
  EXPECT_EQ(TextOf({2, 0, 0, "ab"}), "2 0 0 6162");
}

}  // namespace
}  // namespace postern::tls
