#include "common/settings/variables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postern::settings {
namespace {

using ::testing::ElementsAre;

TEST(VariablesTest, ANameThatIsNoSettingIsToldWithTheNearestOne) {
  const char* const environment[] = {
      "POSTERN_STORE_PAHT=/x", "POSTERN_NONSENSE=1", "POSTERN_STORE_PATH=/y",         "HOME=/root",
      "POSTERN_SERVER=a:7172", "POSTERN_BUILD=x",    "POSTERN_SERVICE_HOST=10.0.0.1", nullptr};
  EXPECT_THAT(UnknownVariables(environment, {"POSTERN_STORE_PATH", "POSTERN_SERVER_NAME"}),
              ElementsAre("variable POSTERN_NONSENSE is no setting",
                          "variable POSTERN_STORE_PAHT is no setting, the nearest known one is "
                          "POSTERN_STORE_PATH"));
  EXPECT_THAT(UnknownVariables(nullptr, {}), ElementsAre());
}

TEST(VariablesTest, WhatKubernetesMakesForServicesIsKnown) {
  for (const char* name :
       {"POSTERN_SERVICE_HOST", "POSTERN_SERVICE_PORT", "POSTERN_SERVICE_PORT_GRPC", "POSTERN_PORT",
        "POSTERN_MAILBOX_PORT_7171_TCP", "POSTERN_PORT_7171_TCP_PROTO", "POSTERN_PORT_53_UDP_PORT",
        "POSTERN_PORT_7171_TCP_ADDR", "POSTERN_PORT_9_SCTP"})
    EXPECT_TRUE(IsOfKubernetesService(name)) << name;
  for (const char* name : {"POSTERN_STORE_PAHT", "POSTERN_PORT_7171", "POSTERN_PORT_TCP",
                           "POSTERN_PORT_7171_TCP_X", "POSTERN_SERVICE"})
    EXPECT_FALSE(IsOfKubernetesService(name)) << name;
}

}  // namespace
}  // namespace postern::settings
