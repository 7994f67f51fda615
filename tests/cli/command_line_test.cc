#include "cli/command_line.h"

#include <cstdlib>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"
#include "common/observe/process_metrics.h"

namespace postern::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::StatusOr<CommandLine> Parse(std::vector<const char*> words) {
  words.insert(words.begin(), "postern");
  return ParseCommandLine(static_cast<int>(words.size()), words.data());
}

const auto& MailOf(const CommandLine& line) {
  return std::get<CmdletCall>(line.verb).mail.request;
}

std::string Fault(std::vector<const char*> words) {
  return std::string(Parse(std::move(words)).status().message());
}

TEST(CommandLine, VerbsAreMatchedWithoutRegardToCase) {
  for (const char* verb : {"Get-Queue", "get-queue", "GET-QUEUE"}) {
    const auto line = Parse({verb, "contoso.com"});
    ASSERT_TRUE(line.ok()) << verb;
    EXPECT_EQ(std::get<v1::GetQueueRequest>(MailOf(*line)).identity(), "contoso.com");
  }
}

TEST(CommandLine, OptionsMayStandBeforeOrAfterTheVerb) {
  for (const auto& words : {std::vector<const char*>{"--output", "json", "Get-Queue"},
                            std::vector<const char*>{"Get-Queue", "--output", "JSON"}}) {
    const auto line = Parse(words);
    ASSERT_TRUE(line.ok()) << line.status();
    EXPECT_EQ(line->output, Output::kJson);
  }
}

TEST(CommandLine, EachVerbAsksItsPort) {
  EXPECT_EQ(Parse({"Get-Queue"})->connection.address, "127.0.0.1:7172");
  EXPECT_EQ(Parse({"Get-Queue", "--server", "mbx:1"})->connection.address, "mbx:1");
  const auto send = Parse({"Send-Message", "-", "--from", "a@b.test", "--to", "c@d.test"});
  EXPECT_EQ(send->connection.address, "127.0.0.1:7171");
  EXPECT_EQ(send->connection.timeout, absl::Minutes(10));
}

TEST(CommandLine, EnvironmentFillsWhatIsNotSaid) {
  setenv("POSTERN_SERVER", "mbx-1:7172", 1);
  EXPECT_EQ(Parse({"Get-Queue"})->connection.address, "mbx-1:7172");
  EXPECT_EQ(Parse({"Get-Queue", "--server", "said:1"})->connection.address, "said:1");
  unsetenv("POSTERN_SERVER");
}

TEST(CommandLine, GetMessageCarriesItsOptions) {
  // Both forms of options stand in scripts.
  for (const auto& words :
       {std::vector<const char*>{"get-message", "--queue", "Unreachable", "--result-size", "7"},
        std::vector<const char*>{"Get-Message", "-Queue", "Unreachable", "-ResultSize:7"}}) {
    const auto line = Parse(words);
    ASSERT_TRUE(line.ok()) << line.status();
    const auto& request = std::get<v1::GetMessageRequest>(MailOf(*line));
    EXPECT_EQ(request.queue(), "Unreachable");
    EXPECT_EQ(request.page().result_size(), 7u);
    EXPECT_FALSE(request.include_recipients());
  }
  for (const auto& words : {std::vector<const char*>{"get-message", "12"},
                            std::vector<const char*>{"get-message", "--include-recipients"}}) {
    const auto line = Parse(words);
    ASSERT_TRUE(line.ok()) << line.status();
    EXPECT_TRUE(std::get<v1::GetMessageRequest>(MailOf(*line)).include_recipients());
  }
}

TEST(CommandLine, TestRouteKnowsSizes) {
  for (const char* size : {"--size", "-Size", "-s"}) {
    const auto line = Parse({"Test-Route", "joe@contoso.com", size, "10MB"});
    ASSERT_TRUE(line.ok()) << line.status();
    const v1::TestRouteRequest& route = std::get<CmdletCall>(line->verb).route;
    EXPECT_EQ(route.recipient(), "joe@contoso.com");
    EXPECT_EQ(route.size(), 10u << 20);
  }
  EXPECT_THAT(Fault({"Test-Route", "joe@contoso.com", "--size", "10XB"}),
              HasSubstr("-Size: \"10XB\""));
}

TEST(CommandLine, CmdletsAreUnderstood) {
  const auto line = Parse(
      {"--output", "yaml", "set-sendconnector", "Internet", "-Port", "587", "--server", "mbx:1"});
  ASSERT_TRUE(line.ok()) << line.status();
  const CmdletCall& call = std::get<CmdletCall>(line->verb);
  EXPECT_EQ(call.line.cmdlet->name, "Set-SendConnector");
  EXPECT_EQ(call.identity, "Internet");
  EXPECT_THAT(call.change.mask, ElementsAre("spec.port"));
  EXPECT_EQ(line->output, Output::kYaml);
  EXPECT_EQ(line->connection.address, "mbx:1");
}

TEST(CommandLine, PlainVerbsHaveTheirFlags) {
  EXPECT_THAT(FlagsOf(*FindPlainVerb("send-message")),
              ::testing::IsSupersetOf({"--from", "--to", "--require-tls"}));
  EXPECT_EQ(FindPlainVerb("Get-SendConnector"), nullptr);
  EXPECT_EQ(PlainVerbs().size(), 7u);
}

TEST(CommandLine, SendMessageTakesManyRecipients) {
  const auto line = Parse({"Send-Message", "mail.eml", "--from", "a@b.test", "--to", "c@d.test",
                           "--to", "e@f.test", "--notify", "failure,delay"});
  const auto& send = std::get<SendMessageOptions>(line->verb);
  EXPECT_EQ(send.file, "mail.eml");
  EXPECT_THAT(send.to, ElementsAre("c@d.test", "e@f.test"));
  EXPECT_EQ(send.notify, "failure,delay");
}

TEST(CommandLine, RedirectMessageIsWrittenAsInExchange) {
  for (const auto& words :
       {std::vector<const char*>{"redirect-message", "-Server", "mbx-0", "-Target", "mbx-1",
                                 "-Confirm:$false"},
        std::vector<const char*>{"Redirect-Message", "-server:mbx-0", "-target:mbx-1"},
        std::vector<const char*>{"Redirect-Message", "--source", "mbx-0", "--target", "mbx-1"}}) {
    const auto line = Parse(words);
    ASSERT_TRUE(line.ok()) << line.status();
    const auto& drain = std::get<DrainOptions>(line->verb);
    EXPECT_EQ(drain.server, "mbx-0");
    EXPECT_THAT(drain.targets, ElementsAre("mbx-1"));
    EXPECT_FALSE(drain.hold);
  }
  EXPECT_EQ(Parse({"Redirect-Message", "--server", "mbx:1"})->connection.address, "mbx:1");
  EXPECT_THAT(
      Fault({"Redirect-Message", "-Tarjet", "mbx-1"}),
      HasSubstr("-Tarjet: is not a parameter of Redirect-Message, which takes --target, "
                "--seconds, --source, --undo, --what-if; -Server and -Target as in Exchange"));
}

TEST(CommandLine, WrongWordsAreNamed) {
  EXPECT_THAT(Fault({}), HasSubstr("say which verb"));
  EXPECT_THAT(Fault({"Remove-Everything"}), HasSubstr("\"Remove-Everything\" is not a verb"));
  EXPECT_THAT(Fault({"Get-Queue", "--colour"}),
              HasSubstr("-colour: is not a parameter of Get-Queue"));
  EXPECT_THAT(Fault({"Get-Queue", "--timeout", "soon"}), HasSubstr("--timeout soon"));
  EXPECT_THAT(Fault({"Get-Queue", "--output", "xml"}), HasSubstr("xml"));
  EXPECT_THAT(Fault({"Test-Route"}), HasSubstr("-Address: is required"));
  EXPECT_THAT(Fault({"Get-Message", "--result-size", "0"}), HasSubstr("-ResultSize: \"0\""));
}

TEST(CommandLine, HelpIsNoFailure) {
  EXPECT_THAT(Parse({"--help"})->help, HasSubstr("Examples:"));
  EXPECT_THAT(Parse({"--help"})->help, HasSubstr("Get-SendConnector"));
  for (const char* word : {"--help", "-h", "-?", "-Help"})
    EXPECT_THAT(Parse({"Test-Route", word})->help, HasSubstr("-Size <size>"));
  EXPECT_THAT(Parse({"Get-Message", "--help"})->help, HasSubstr("-IncludeRecipientInfo"));
  EXPECT_EQ(Parse({"--version"})->help, base::Cat("postern ", observe::Version(), "\n"));
  EXPECT_THAT(Parse({"--print-parameters"})->help, HasSubstr("Port\tfield\tnumber\t0 to 65535\t"));
}

}  // namespace
}  // namespace postern::cli
