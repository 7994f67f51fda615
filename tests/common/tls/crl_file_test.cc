#include "common/tls/crl_file.h"

#include <atomic>
#include <filesystem>
#include <fstream>

#include "absl/time/clock.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/common/tls/revocation_papers.h"

namespace postern::tls {
namespace {

using ::testing::HasSubstr;

class CrlFileTest : public ::testing::Test {
 protected:
  testing::CrlPaper Paper(std::vector<std::string> revoked = {}) const {
    testing::CrlPaper paper{.issuer_file = ca_.ca_file(), .key_file = ca_.key_file()};
    paper.revoked = std::move(revoked);
    return paper;
  }

  void Append(const testing::CrlPaper& paper) { testing::AppendCrl(paper, path_); }

  std::unique_ptr<CrlFile> Open() {
    auto file = CrlFile::Open(
        path_, [this] { ++changes_; }, absl::Milliseconds(2));
    EXPECT_TRUE(file.ok()) << file.status();
    return std::move(*file);
  }

  std::string Look(const CrlFile& file) const {
    return file
        .Look(testing::CertificateIn(certificate_).get(),
              testing::CertificateIn(ca_.ca_file()).get())
        .words;
  }

  // What a file with this one list says.
  std::string Says(const testing::CrlPaper& paper) {
    std::filesystem::remove(path_);
    Append(paper);
    return Look(*Open());
  }

  testing::CertificateAuthority ca_;
  const std::string path_ = ca_.folder() + "/lists.crl";
  const std::string certificate_ = ca_.Issue(testing::ForHost("mx.a.test")).certificate_file;
  const std::string other_ = ca_.Issue(testing::ForHost("other.test")).certificate_file;
  std::atomic<int> changes_{0};
};

TEST_F(CrlFileTest, AListSaysWhoIsRevoked) {
  EXPECT_EQ(Says(Paper()), "good by its issuer's crl");
  EXPECT_EQ(Says(Paper({other_})), "good by its issuer's crl");
  EXPECT_EQ(Says(Paper({other_, certificate_})), "revoked by its issuer's crl");
}

TEST_F(CrlFileTest, AListVouchesInItsTimeOnly) {
  testing::CrlPaper paper = Paper();
  paper.next_in = -absl::Hours(1);
  EXPECT_EQ(Says(paper), "its issuer's crl is out of date");
  paper = Paper();
  paper.made_in = absl::Hours(1);
  paper.next_in = absl::Hours(2);
  EXPECT_EQ(Says(paper), "its issuer's crl is out of date");
  paper = Paper({certificate_});
  paper.next_in = -absl::Hours(1);
  EXPECT_EQ(Says(paper), "revoked by its issuer's crl");
}

TEST_F(CrlFileTest, APartialListVouchesForNobody) {
  testing::CrlPaper paper = Paper();
  paper.partial = true;
  EXPECT_EQ(Says(paper), "its issuer's crl is partial");
  paper.revoked = {certificate_};
  EXPECT_EQ(Says(paper), "revoked by its issuer's crl");
}

TEST_F(CrlFileTest, OnlyTheIssuersSignatureCounts) {
  // The same name, another key.
  testing::CertificateAuthority stranger;
  testing::CrlPaper paper{.issuer_file = stranger.ca_file(), .key_file = stranger.key_file()};
  EXPECT_EQ(Says(paper), "no crl of its issuer");
  paper.revoked = {certificate_};
  EXPECT_EQ(Says(paper), "no crl of its issuer");
}

TEST_F(CrlFileTest, OfSeveralListsEachCounts) {
  testing::CertificateAuthority elsewhere("Elsewhere");
  Append({.issuer_file = elsewhere.ca_file(), .key_file = elsewhere.key_file()});
  testing::CrlPaper stale = Paper();
  stale.next_in = -absl::Hours(1);
  Append(Paper());
  Append(stale);
  EXPECT_EQ(Look(*Open()), "good by its issuer's crl");
  Append(Paper({certificate_}));
  EXPECT_EQ(Look(*Open()), "revoked by its issuer's crl");
}

TEST_F(CrlFileTest, AChangedFileIsReadAgainAndADamagedOneIsNot) {
  Append(Paper());
  const auto file = Open();
  EXPECT_EQ(Look(*file), "good by its issuer's crl");
  // As editors and Kubernetes do: whole or not at all.
  const auto swap = [this](const std::string& fresh) { std::filesystem::rename(fresh, path_); };
  const std::string fresh = path_ + ".new";
  testing::AppendCrl(Paper({certificate_}), fresh);
  swap(fresh);
  for (int i = 0; i < 5000 && changes_ < 1; ++i)
    absl::SleepFor(absl::Milliseconds(1));
  EXPECT_EQ(changes_, 1);
  EXPECT_EQ(Look(*file), "revoked by its issuer's crl");
  std::ofstream(fresh) << "rubbish";
  swap(fresh);
  absl::SleepFor(absl::Milliseconds(50));
  EXPECT_EQ(changes_, 1);
  EXPECT_EQ(Look(*file), "revoked by its issuer's crl");
}

TEST_F(CrlFileTest, AFileThatDoesNotReadIsRefused) {
  const auto why = [this] { return std::string(CrlFile::Open(path_, nullptr).status().message()); };
  EXPECT_THAT(why(), HasSubstr("lists.crl: cannot read: no such file"));
  std::ofstream(path_) << "";
  EXPECT_THAT(why(), HasSubstr("lists.crl: holds no list"));
  std::ofstream(path_) << "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n";
  EXPECT_THAT(why(), HasSubstr("lists.crl: list 1 does not read"));
}

}  // namespace
}  // namespace postern::tls
