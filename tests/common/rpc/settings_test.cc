#include "common/rpc/settings.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"

namespace postern::rpc {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string FaultsOf(const RpcSettings& settings) {
  settings::Errors errors;
  CheckSettings(settings, errors);
  return std::string(errors.Together().message());
}

TEST(RpcSettingsTest, EachOfTheThreeFilesIsNeeded) {
  RpcSettings settings;
  EXPECT_THAT(FaultsOf(settings), AllOf(HasSubstr("rpc.certificate_file is not set: mTLS"),
                                        HasSubstr("rpc.key_file is not set: mTLS"),
                                        HasSubstr("rpc.ca_file is not set: mTLS")));
  for (auto* file : {&settings.certificate_file, &settings.key_file, &settings.ca_file})
    file->value = "file.pem";
  EXPECT_EQ(FaultsOf(settings), "");
}

TEST(RpcSettingsTest, PlainTextNeedsNoFiles) {
  RpcSettings settings;
  settings.insecure_plaintext.value = true;
  EXPECT_EQ(FaultsOf(settings), "");
}

TEST(RpcSettingsTest, TrustDomainIsInTheLettersOfSpiffe) {
  RpcSettings settings;
  settings.insecure_plaintext.value = true;
  for (const char* text : {"", "Postern.local", "postern.local/main", "spiffe://postern.local"}) {
    settings.trust_domain.value = text;
    EXPECT_THAT(FaultsOf(settings), HasSubstr(base::Cat("rpc.trust_domain: \"", text, "\": is 1")));
  }
  settings.trust_domain.value = "postern_1.test-a";
  EXPECT_EQ(FaultsOf(settings), "");
}

}  // namespace
}  // namespace postern::rpc
