#include "common/smtp/connectivity_log.h"

#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"
#include "common/observe/csv_line.h"
#include "common/observe/log_time.h"

namespace postern::smtp {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ConnectivityLogTest : public ::testing::Test {
 protected:
  ConnectivityLogTest() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "postern-connect-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }

  ~ConnectivityLogTest() override { std::filesystem::remove_all(folder_); }

  // The lines without time and session, and the sessions that they are of.
  std::vector<std::string> Lines(ConnectivityLog& log) {
    log.Flush();
    std::vector<std::string> lines;
    for (const auto& file : std::filesystem::directory_iterator(folder_)) {
      std::ifstream in(file.path());
      for (std::string line; std::getline(in, line);) {
        if (line.starts_with('#')) continue;
        const std::vector<std::string> values = observe::SplitCsv(line);
        EXPECT_TRUE(observe::ParseLogTime(values[0])) << line;
        sessions_.push_back(values[1]);
        lines.push_back(base::Join({values.begin() + 2, values.end()}, "|"));
      }
    }
    return lines;
  }

  std::string folder_;
  std::vector<std::string> sessions_;
};

TEST_F(ConnectivityLogTest, AConnectionBeginsGetsOnAndEnds) {
  const auto log = *ConnectivityLog::Open(ConnectivityLogSettings(), folder_, "deliver");
  {
    const auto record = log->Begin("SMTP", "contoso.test", "DnsConnectorDelivery Internet");
    record->Note("trying mx.contoso.test, and no other");
    record->Carried(3, 4096);
  }
  log->Begin("SMTP", "down.test", "DnsConnectorDelivery Internet")->Failed("refused");
  EXPECT_THAT(Lines(*log), ElementsAre("SMTP|contoso.test|+|DnsConnectorDelivery Internet",
                                       "SMTP|contoso.test|>|trying mx.contoso.test, and no other",
                                       "SMTP|contoso.test|-|Messages: 3 Bytes: 4096",
                                       "SMTP|down.test|+|DnsConnectorDelivery Internet",
                                       "SMTP|down.test|-|Messages: 0 Bytes: 0 (refused)"));
  EXPECT_EQ(sessions_[0], sessions_[2]);
  EXPECT_EQ(sessions_[0].size(), 16u);
  EXPECT_NE(sessions_[2], sessions_[3]);
}

TEST_F(ConnectivityLogTest, SettingsSayWhetherAndWhere) {
  ConnectivityLogSettings settings;
  EXPECT_EQ(*ConnectivityLog::Open(settings, "", "egress"), nullptr);
  settings.path.value = folder_;
  EXPECT_NE(*ConnectivityLog::Open(settings, "/proc/nowhere", "egress"), nullptr);
  settings.enabled.value = false;
  EXPECT_EQ(*ConnectivityLog::Open(settings, "", "egress"), nullptr);
  settings.enabled.value = true;
  settings.path.value = "/proc/nowhere";
  EXPECT_THAT(ConnectivityLog::Open(settings, "", "egress").status().ToString(),
              HasSubstr("connectivity_log.path: log folder /proc/nowhere"));
}

}  // namespace
}  // namespace postern::smtp
