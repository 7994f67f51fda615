#include "common/tls/certificate_name.h"

#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <openssl/x509.h>

#include "common/base/text.h"

namespace postern::tls {
namespace {

using ::testing::HasSubstr;

TEST(CertificateNameTest, NamesHaveOneForm) {
  const std::pair<const char*, const char*> rows[] = {
      {"CN=mail.contoso.com", "CN=mail.contoso.com"},
      {"cn = Mail.Contoso.com , o= Contoso", "CN=mail.contoso.com,O=contoso"},
      {"CN=x, S=Washington, E=a@b.c", "CN=x,ST=washington,EMAILADDRESS=a@b.c"},
      {"CN=x, O=\"Contoso, Ltd.\"", "CN=x,O=contoso\\, ltd."},
      {"CN=x, O=Contoso\\, Ltd.", "CN=x,O=contoso\\, ltd."},
      {"CN=\"a \"\"b\"\"\"", "CN=a \\\"b\\\""},
      {"CN=x + OU=y, DC=a; DC=b", "CN=x+OU=y,DC=a,DC=b"},
      {"OID.2.5.4.97=NTRBE-1", "2.5.4.97=ntrbe-1"},
      {"CN=", "CN="},
  };
  for (const auto& [text, normal] : rows) {
    const auto name = NormalName(text);
    ASSERT_TRUE(name.ok()) << text << ": " << name.status();
    EXPECT_EQ(*name, normal) << text;
  }
}

TEST(CertificateNameTest, WhatIsNoNameIsRefused) {
  for (const char* text : {"", "  ", "mail.contoso.com", "CN=x,", "CN=x,,O=y", "C N=x", "CN=\"x",
                           "CN=\"x\" y", "=x"}) {
    EXPECT_EQ(NormalName(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(CertificateNameTest, BothPartsAreNeeded) {
  const auto name = CertificateName::Parse(" <I>CN=CA, O=Contoso<S>CN=mail.contoso.com ");
  ASSERT_TRUE(name.ok()) << name.status();
  EXPECT_EQ(name->issuer, "CN=ca,O=contoso");
  EXPECT_EQ(name->subject, "CN=mail.contoso.com");
  for (const char* text : {"CN=x", "<I>CN=x", "<S>CN=x<I>CN=y", "<I><S>CN=x", "<I>CN=x<S>"}) {
    EXPECT_FALSE(CertificateName::Parse(text).ok()) << text;
  }
  EXPECT_THAT(base::MessageOf(CertificateName::Parse("<I>x<S>CN=y").status()), HasSubstr("issuer"));
}

TEST(CertificateNameTest, ACertificatesNameHasTheSameForm) {
  const std::unique_ptr<X509_NAME, decltype(&X509_NAME_free)> name(X509_NAME_new(), X509_NAME_free);
  const auto add = [&](const char* type, const char* value, int set) {
    ASSERT_EQ(
        X509_NAME_add_entry_by_txt(name.get(), type, MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(value), -1, -1, set),
        1);
  };
  add("C", "US", 0);
  add("ST", "Washington", 0);
  add("O", "Contoso, Ltd.", 0);
  add("CN", "Mail.Contoso.com", 0);
  add("emailAddress", "a@b.c", -1);
  EXPECT_EQ(NormalName(*name),
            "EMAILADDRESS=a@b.c+CN=mail.contoso.com,O=contoso\\, ltd.,ST=washington,C=us");
  EXPECT_EQ(NormalName(*name),
            *NormalName("E=a@b.c+CN=mail.contoso.com, O=\"Contoso, Ltd.\", S=Washington, C=US"));
}

}  // namespace
}  // namespace postern::tls
