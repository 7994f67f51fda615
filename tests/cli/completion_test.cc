#include "cli/completion.h"

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"
#include "tests/cli/fake_service.h"
#include "tests/common/connector/good_connector.h"

namespace postern::cli {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;

// Runs bash with the script of Completion and a postern that knows two connectors; gives what bash
// would offer for the words of a line, of which the last one is being typed.
std::vector<std::string> Offered(const std::vector<std::string>& words) {
  const std::string file = base::Cat(::testing::TempDir(), "/completion-", getpid(), ".bash");
  {
    std::ofstream script(file);
    script << BashCompletion() << R"bash(
postern() {
  case "$*" in
    *"--complete SendConnector") printf '%s\n' 'To Internet' Partner '$(id)' ;;
    *"--server mbx:1 --complete Site") printf '%s\n' berlin ;;
    *"--complete SourceServer") printf '%s\n' mbx-0 site/a ;;
    *) echo 'connection refused' >&2; return 1 ;;
  esac
}
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_postern
((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}"
)bash";
  }
  std::string command = base::Cat("bash -u ", file, " postern");
  for (const std::string& word : words)
    command += base::Cat(" '", word, "'");
  std::FILE* bash = popen(base::Cat(command, " 2>&1").c_str(), "r");
  std::string printed(64 * 1024, '\0');
  printed.resize(std::fread(printed.data(), 1, printed.size(), bash));
  EXPECT_EQ(pclose(bash), 0) << printed;
  std::filesystem::remove(file);
  std::vector<std::string> lines;
  for (const std::string_view line : base::Split(printed, '\n')) {
    if (!line.empty()) lines.emplace_back(line);
  }
  return lines;
}

TEST(Completion, VerbsAreOfferedWithoutRegardToCase) {
  EXPECT_THAT(Offered({"set-s"}), ElementsAre("Set-SendConnector", "Set-Site", "Set-SiteLink"));
  EXPECT_THAT(Offered({""}), IsSupersetOf({"New-SendConnector", "Get-Queue", "Send-Message"}));
  EXPECT_THAT(Offered({"--server", "mbx:1", "Get-Q"}), ElementsAre("Get-Queue", "Get-QueueDigest"));
}

TEST(Completion, ParametersAreThoseOfTheVerb) {
  EXPECT_THAT(Offered({"New-SendConnector", "-tls"}),
              ElementsAre("-TlsAuthLevel", "-TlsCertificateName", "-TlsDomain"));
  EXPECT_THAT(Offered({"New-SendConnector", "x", "-"}),
              IsSupersetOf({"-Name", "-Partner", "-WhatIf"}));
  EXPECT_THAT(Offered({"Set-SendConnector", "x", "-"}), Not(Contains("-Partner")));
  EXPECT_THAT(Offered({"Set-SendConnector", "x", "-"}), Not(Contains("-RequireOorg")));
  EXPECT_THAT(Offered({"New-AdSite", "-Hub"}), ElementsAre("-HubSiteEnabled"));
  EXPECT_THAT(Offered({"Get-Message", "-Re"}), ElementsAre("-ResultSize", "-ReturnPageInfo"));
  EXPECT_THAT(Offered({"Get-Site", "--out"}), ElementsAre("--output"));
}

TEST(Completion, WordsOfFixedSetsAreOffered) {
  EXPECT_THAT(Offered({"New-SendConnector", "x", "-TlsAuthLevel", "d"}),
              ElementsAre("DomainValidation"));
  EXPECT_THAT(Offered({"Set-SendConnector", "x", "-enabled", ""}), ElementsAre("true", "false"));
  EXPECT_THAT(Offered({"Set-SendConnector", "x", "-Enabled", ":", "f"}), ElementsAre("false"));
  EXPECT_THAT(Offered({"New-SendConnector", "x", "-ErrorPolicies", "Default,up"}),
              ElementsAre("Default,UpgradeCustomFailures"));
  EXPECT_THAT(Offered({"Get-Site", "--output", "y"}), ElementsAre("yaml"));
  EXPECT_THAT(Offered({"Completion", ""}), ElementsAre("bash"));
}

TEST(Completion, NamesAreAskedOfTheServer) {
  EXPECT_THAT(Offered({"Remove-SendConnector", ""}),
              ElementsAre("To\\ Internet", "Partner", "\\$\\(id\\)"));
  EXPECT_THAT(Offered({"Remove-SendConnector", "\""}), ElementsAre("To Internet", "Partner"));
  EXPECT_THAT(Offered({"Set-SendConnector", "-Identity", "to"}), ElementsAre("To\\ Internet"));
  EXPECT_THAT(Offered({"--server", "mbx:1", "New-TransportServer", "x", "-Site", "b"}),
              ElementsAre("berlin"));
  EXPECT_THAT(Offered({"New-SendConnector", "x", "-SourceTransportServers", "mbx-0,s"}),
              ElementsAre("mbx-0,site/a"));
}

TEST(Completion, AServerThatDoesNotAnswerIsSilence) {
  EXPECT_THAT(Offered({"Remove-SiteLink", ""}), IsEmpty());
  StringShell strings;
  EXPECT_EQ(strings.Run({"--complete", "Site", "--insecure-plaintext", "--server", "127.0.0.1:1"}),
            0);
  EXPECT_EQ(strings.out.str(), "");
  EXPECT_EQ(strings.err.str(), "");
}

TEST(Completion, NamesAreThoseOfTheDirectory) {
  FakeService service;
  service.directory.PutSite("berlin", "mbx-0");
  v1::Resource resource = NewResource("SendConnector");
  *resource.mutable_send_connector() = connector::testing::GoodConnector();
  service.directory.Put(resource);
  const auto names = [&](const std::string& kind) {
    StringShell strings;
    EXPECT_EQ(
        strings.Run({"--complete", kind, "--insecure-plaintext", "--server", service.address()}),
        0);
    return strings.out.str();
  };
  EXPECT_EQ(names("SendConnector"), "Internet\n");
  EXPECT_EQ(names("SourceServer"), "mbx-0\nsite/berlin\n");
  EXPECT_EQ(names("Nothing"), "");
}

TEST(Completion, OnlyBashIsKnown) {
  StringShell strings;
  EXPECT_EQ(strings.Run({"Completion", "fish"}), 2);
  EXPECT_THAT(strings.err.str(), ::testing::HasSubstr("-ShellName: \"fish\": is bash"));
  StringShell good;
  EXPECT_EQ(good.Run({"Completion", "bash"}), 0);
  EXPECT_EQ(good.out.str(), BashCompletion());
}

}  // namespace
}  // namespace postern::cli
