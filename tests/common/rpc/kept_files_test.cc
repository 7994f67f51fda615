#include "common/rpc/kept_files.h"

#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <unistd.h>

#include "common/base/text.h"
#include "tests/support/await.h"
#include "tests/support/certificates.h"

namespace postern::rpc {
namespace {

using testing::Soon;

using ::testing::HasSubstr;
namespace fs = std::filesystem;

class KeptFilesTest : public ::testing::Test {
 protected:
  KeptFilesTest() {
    settings_.certificate_file.value = Path("own.pem");
    settings_.key_file.value = Path("own.key");
    settings_.ca_file.value = Path("roots.pem");
    fs::copy_file(authority_.ca_file(), *settings_.ca_file);
    Renew();
  }

  std::string Path(const std::string& name) const {
    return base::Cat(authority_.folder(), "/", name);
  }

  void Renew() {
    const auto files =
        authority_.Issue(testing::ForService("spiffe://postern.local/here/frontend-transport"));
    fs::rename(files.key_file, *settings_.key_file);
    fs::rename(files.certificate_file, *settings_.certificate_file);
  }

  static std::string Content(const std::string& file) {
    std::ostringstream text;
    text << std::ifstream(file, std::ios::binary).rdbuf();
    return text.str();
  }

  testing::CertificateAuthority authority_;
  RpcSettings settings_;
};

TEST_F(KeptFilesTest, ACopyIsReplacedByFilesThatFitTogether) {
  const auto kept = *KeptFiles::Open(settings_, absl::Milliseconds(5));
  EXPECT_THAT(Content(kept->identity_path()), HasSubstr(Content(Path("own.pem"))));
  EXPECT_EQ(Content(kept->ca_path()), Content(Path("roots.pem")));
  Renew();
  EXPECT_TRUE(
      Soon([&] { return Content(kept->identity_path()).starts_with(Content(Path("own.pem"))); }));
  EXPECT_THAT(Content(kept->identity_path()), HasSubstr(Content(Path("own.key"))));
}

TEST_F(KeptFilesTest, FilesThatAreEmptyOrDoNotFitStayOut) {
  const auto kept = *KeptFiles::Open(settings_, absl::Milliseconds(5));
  const std::string before = Content(kept->identity_path());
  for (const char* file : {"own.key", "own.pem", "roots.pem"}) {
    const std::string good = Content(Path(file));
    for (const char* wrong : {"", "x\n"}) {
      std::ofstream(Path(file), std::ios::binary) << wrong;
      ::usleep(50'000);
      EXPECT_EQ(Content(kept->identity_path()), before) << file;
      EXPECT_FALSE(Content(kept->ca_path()).empty()) << file;
    }
    std::ofstream(Path(file), std::ios::binary) << good;
  }
  std::ofstream(Path("own.key"), std::ios::binary) << "";
  EXPECT_FALSE(KeptFiles::Open(settings_).ok());
}

}  // namespace
}  // namespace postern::rpc
