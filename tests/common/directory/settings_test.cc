#include "common/directory/settings.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace postern::directory {
namespace {

using ::testing::HasSubstr;

std::string Fault(const std::string& source, const std::string& writer) {
  DirectorySettings settings;
  settings.source.value = source;
  settings.writer.value = writer;
  return std::string(CheckSettings(settings).message());
}

TEST(DirectorySettingsTest, EachSourceGoesWithItsWriter) {
  EXPECT_EQ(Fault("files", ""), "");
  EXPECT_EQ(Fault("files", "mbx-0.test:7172"), "");
  EXPECT_EQ(Fault("kubernetes", ""), "");
}

TEST(DirectorySettingsTest, WhatIsWrongIsToldWithKeyValueAndRule) {
  EXPECT_EQ(Fault("etcd", "mbx-0"),
            "directory.source: \"etcd\" is neither files nor kubernetes\n"
            "directory.writer: \"mbx-0\" is not host:port");
  EXPECT_THAT(Fault("kubernetes", "a:1"), HasSubstr("directory.writer: \"a:1\": must be empty"));
}

}  // namespace
}  // namespace postern::directory
