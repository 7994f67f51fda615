#include "cli/run.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/cli/fake_service.h"

namespace postern::cli {
namespace {

using ::testing::HasSubstr;

class RunTest : public ::testing::Test {
 protected:
  int Ask(std::vector<std::string> words) {
    for (const char* word : {"--insecure-plaintext", "--server"})
      words.push_back(word);
    words.push_back(service_.address());
    return shell_.Run(words);
  }

  std::string out() const { return shell_.out.str(); }

  std::string err() const { return shell_.err.str(); }

  FakeService service_;
  StringShell shell_;
};

TEST_F(RunTest, QueuesArePrintedAsATable) {
  v1::QueueInfo& queue = *service_.queues.add_queues();
  queue.set_identity("mbx-0\\1");
  queue.set_delivery_type("DnsConnectorDelivery");
  queue.set_status("Retry");
  queue.set_message_count(7);
  queue.set_next_hop_domain("contoso.com");
  EXPECT_EQ(Ask({"get-queue"}), 0) << err();
  EXPECT_EQ(out(),
            "Identity DeliveryType         Status MessageCount NextHopDomain LastError\n"
            "-------- ------------         ------ ------------ ------------- ---------\n"
            "mbx-0\\1  DnsConnectorDelivery Retry             7 contoso.com\n");
}

TEST_F(RunTest, JsonNamesEveryField) {
  service_.queues.add_queues()->set_identity("mbx-0\\1");
  EXPECT_EQ(Ask({"Get-Queue", "--output", "json"}), 0);
  EXPECT_THAT(out(), HasSubstr("\"identity\": \"mbx-0\\\\1\""));
  EXPECT_THAT(out(), HasSubstr("\"messageCount\": \"0\""));
}

TEST_F(RunTest, QuestionsReachTheService) {
  EXPECT_EQ(Ask({"Get-Message", "4711"}), 0);
  EXPECT_EQ(service_.identity, "4711");
  EXPECT_EQ(Ask({"Test-Route", "joe@contoso.com", "--size", "1KB"}), 0);
  EXPECT_EQ(service_.identity, "joe@contoso.com 1024");
}

TEST_F(RunTest, YamlIsAnOutputOfEveryQuestion) {
  service_.queues.add_queues()->set_identity("mbx-0\\1");
  EXPECT_EQ(Ask({"Get-Queue", "--output", "yaml"}), 0);
  EXPECT_EQ(out(), "queues:\n  - identity: \"mbx-0\\\\1\"\n");
}

TEST_F(RunTest, MistakesOfALineHaveALineEach) {
  EXPECT_EQ(Ask({"New-SendConnector", "x", "-Port", "many", "-Usage", "Other"}), 2);
  EXPECT_EQ(err(),
            "postern: -Port: \"many\": is a whole number\n"
            "postern: -Usage: \"Other\": is Custom, Internal, Internet or Partner\n");
}

TEST_F(RunTest, RefusalIsOneLineWithWhatToDo) {
  service_.answer = grpc::Status(grpc::PERMISSION_DENIED, "ann does not have the role read");
  EXPECT_EQ(Ask({"Get-Queue"}), 1);
  EXPECT_EQ(err(),
            "postern: ann does not have the role read; use a certificate or token that has the "
            "role read\n");
  EXPECT_EQ(out(), "");
}

TEST_F(RunTest, WhatTheServiceSaysCannotBreakTheLine) {
  service_.answer = grpc::Status(grpc::NOT_FOUND, "queue \"x\x1B[2J\ny\": there is none");
  EXPECT_EQ(Ask({"Get-Queue", "x"}), 1);
  EXPECT_EQ(err(), "postern: queue \"x [2J y\": there is none\n");
}

TEST_F(RunTest, WrongWordsEndWithTwo) {
  EXPECT_EQ(shell_.Run({"Get-Everything"}), 2);
  EXPECT_THAT(err(), HasSubstr("is not a verb"));
}

TEST_F(RunTest, HelpGoesToTheOutput) {
  EXPECT_EQ(shell_.Run({"--help"}), 0);
  EXPECT_THAT(out(), HasSubstr("Send-Message"));
}

TEST_F(RunTest, OutputThatCannotBeWrittenIsAFailure) {
  shell_.out.setstate(std::ios::badbit);
  EXPECT_EQ(Ask({"Get-Queue"}), 1);
}

}  // namespace
}  // namespace postern::cli
