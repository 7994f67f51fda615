#include "common/tls/certificate_store.h"

#include <filesystem>
#include <fstream>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"
#include "tests/support/certificates.h"

namespace postern::tls {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class CertificateStoreTest : public ::testing::Test {
 protected:
  CertificateStoreTest() : folder_(ca_.folder() + "/store") { fs::create_directory(folder_); }

  testing::CertificateRequest Of(std::string host, absl::Duration begins = -absl::Hours(1)) {
    testing::CertificateRequest request = testing::ForHost(std::move(host));
    request.begins_in = begins;
    return request;
  }

  // Puts a pair of files there as `<name>.crt` and `<name>.key`.
  void Put(const std::string& name, const testing::CertificateFiles& files) {
    fs::copy_file(files.certificate_file, folder_ + "/" + name + ".crt",
                  fs::copy_options::overwrite_existing);
    fs::copy_file(files.key_file, folder_ + "/" + name + ".key",
                  fs::copy_options::overwrite_existing);
  }

  std::string Named(const std::string& name, absl::Time now = absl::Now()) {
    const auto found = store_->Named(name, now);
    return found.ok() ? (*found)->version : std::string(found.status().message());
  }

  static std::string VersionOf(const testing::CertificateFiles& files) {
    return (*ReadCertificate(files.certificate_file, files.key_file))->version;
  }

  std::string ForHost(const std::string& host, absl::Time now = absl::Now()) {
    const CertificatePtr found = store_->ForHost(host, now);
    return found == nullptr ? "none" : found->version;
  }

  void Open(absl::Duration look = absl::Hours(1)) {
    store_ = std::make_unique<CertificateStore>(
        folder_, "deliver",
        [this](const CertificateStore::Loaded& loaded) { told_ = loaded.size(); }, look);
  }

  testing::CertificateAuthority ca_{"Contoso CA"};
  std::string folder_;
  std::atomic<std::size_t> told_{0};
  std::unique_ptr<CertificateStore> store_;
};

TEST_F(CertificateStoreTest, ACertificateIsFoundByIssuerAndSubject) {
  const auto mail = ca_.Issue(Of("mail.contoso.test"));
  Put("mail", mail);
  Put("other", ca_.Issue(Of("other.contoso.test")));
  Open();
  EXPECT_EQ(store_->size(), 2u);
  EXPECT_EQ(told_, 2u);
  EXPECT_EQ(Named("<I>CN=Contoso CA<S>CN=mail.contoso.test"), VersionOf(mail));
  EXPECT_EQ(Named("<i>cn=x<S>CN=y").substr(0, 18), "TlsCertificateName");
  EXPECT_EQ(Named("<I>cn = contoso ca<S>cn=MAIL.contoso.test"), VersionOf(mail));
  EXPECT_THAT(Named("<I>CN=Contoso CA<S>CN=www.contoso.test"),
              HasSubstr("The certificate specified in TlsCertificateName of the SendConnector "
                        "could not be found"));
}

TEST_F(CertificateStoreTest, KubernetesMountsASecretAsAFolder) {
  const auto mail = ca_.Issue(Of("mail.contoso.test"));
  fs::create_directories(folder_ + "/mail-tls/..data");
  fs::copy_file(mail.certificate_file, folder_ + "/mail-tls/tls.crt");
  fs::copy_file(mail.key_file, folder_ + "/mail-tls/tls.key");
  fs::create_directories(folder_ + "/.hidden");
  Open();
  EXPECT_EQ(store_->size(), 1u);
  EXPECT_EQ(ForHost("mail.contoso.test"), VersionOf(mail));
}

TEST_F(CertificateStoreTest, OfSeveralTheNewestThatHoldsNow) {
  const auto older = ca_.Issue(Of("mail.contoso.test", -absl::Hours(9)));
  const auto newer = ca_.Issue(Of("mail.contoso.test", -absl::Hours(2)));
  const auto later = ca_.Issue(Of("mail.contoso.test", absl::Hours(2)));
  Put("a", newer);
  Put("b", older);
  Put("c", later);
  Open();
  const std::string name = "<I>CN=Contoso CA<S>CN=mail.contoso.test";
  EXPECT_EQ(Named(name), VersionOf(newer));
  EXPECT_EQ(ForHost("mail.contoso.test"), VersionOf(newer));
  EXPECT_EQ(Named(name, absl::Now() + absl::Hours(3)), VersionOf(later));
  EXPECT_EQ(Named(name, absl::Now() - absl::Hours(5)), VersionOf(older));
  EXPECT_THAT(Named(name, absl::Now() + absl::Hours(100)), HasSubstr("out of date since"));
  EXPECT_EQ(ForHost("mail.contoso.test", absl::Now() + absl::Hours(100)), "none");
}

TEST_F(CertificateStoreTest, ForAHostIssuedGoesBeforeSelfSigned) {
  const auto own = ca_.SelfSign(Of("mail.contoso.test", -absl::Hours(1)));
  const auto wildcard = ca_.Issue(Of("*.contoso.test", -absl::Hours(9)));
  Put("own", own);
  Open();
  EXPECT_EQ(ForHost("mail.contoso.test"), VersionOf(own));
  Put("wildcard", wildcard);
  store_->Load();
  EXPECT_EQ(ForHost("MAIL.contoso.test"), VersionOf(wildcard));
  EXPECT_EQ(ForHost("www.contoso.test"), VersionOf(wildcard));
  EXPECT_EQ(ForHost("contoso.test"), "none");
  EXPECT_EQ(ForHost("a.www.contoso.test"), "none");
}

TEST_F(CertificateStoreTest, AChangeIsReadAndABrokenPairKeepsTheOldOne) {
  const auto before = ca_.Issue(Of("mail.contoso.test"));
  Put("mail", before);
  Open(absl::Milliseconds(2));
  const auto becomes = [this](const std::string& version) {
    for (int i = 0; i < 2500 && ForHost("mail.contoso.test") != version; ++i)
      absl::SleepFor(absl::Milliseconds(2));
    return ForHost("mail.contoso.test") == version;
  };
  const auto after = ca_.Issue(Of("mail.contoso.test"));
  Put("mail", after);
  EXPECT_TRUE(becomes(VersionOf(after)));
  std::ofstream(folder_ + "/mail.key") << "no key";
  store_->Load();
  EXPECT_EQ(ForHost("mail.contoso.test"), VersionOf(after));
  fs::remove(folder_ + "/mail.crt");
  EXPECT_TRUE(becomes("none"));
  for (int i = 0; i < 2500 && told_ != 0; ++i)
    absl::SleepFor(absl::Milliseconds(2));  // it is told after it is in force
  EXPECT_EQ(told_, 0u);
}

TEST_F(CertificateStoreTest, WithoutAFolderThereIsNothing) {
  store_ = std::make_unique<CertificateStore>("");
  EXPECT_EQ(ForHost("mail.contoso.test"), "none");
  EXPECT_THAT(Named("<I>CN=a<S>CN=b"), HasSubstr("this server has no folder of certificates"));
  folder_ += "/nowhere";
  Open();
  EXPECT_EQ(store_->size(), 0u);
}

}  // namespace
}  // namespace postern::tls
