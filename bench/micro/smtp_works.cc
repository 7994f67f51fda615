#include "bench/micro/work.h"
#include "benchmark/benchmark.h"
#include "common/base/check.h"
#include "common/io/executor.h"
#include "common/io/scope.h"
#include "common/io/stream.h"
#include "common/smtp/command.h"
#include "common/smtp/dot_reader.h"
#include "common/smtp/dot_writer.h"
#include "common/smtp/line_reader.h"
#include "common/smtp/reply_parser.h"

namespace postern::bench {
namespace {

constexpr std::string_view kCommands[] = {
    "MAIL FROM:<ann.miller@contoso.com> SIZE=4711 BODY=8BITMIME\r\n",
    "RCPT TO:<joe.baker@fabrikam.com> NOTIFY=FAILURE,DELAY\r\n", "DATA\r\n", "RSET\r\n"};

constexpr std::string_view kReplies[] = {"250 2.1.0 Sender ok\r\n", "250 2.1.5 Recipient ok\r\n",
                                         "354 Start mail input; end with <CRLF>.<CRLF>\r\n",
                                         "250 2.0.0 Ok: queued as 4Zk1Xb2nQpz9rY8\r\n"};

// A peer that says the same lines over and over, as many as fit each time.
class Talker final : public io::Stream {
 public:
  explicit Talker(std::string lines) : lines_(std::move(lines)) {}

  io::Task<absl::StatusOr<std::size_t>> Read(char* into, std::size_t bytes_max) override {
    const std::size_t bytes = std::min(bytes_max, lines_.size() - at_);
    std::copy_n(lines_.data() + at_, bytes, into);
    at_ = (at_ + bytes) % lines_.size();
    co_return bytes;
  }

  io::Task<absl::Status> WriteAll(std::span<const std::string_view>) override {
    co_return absl::OkStatus();
  }

  void SetDeadline(absl::Duration) override {}

  void Close() override {}

  bool Disturbed() override { return false; }

  io::Endpoint local() const override { return {}; }

  io::Endpoint remote() const override { return {}; }

 private:
  const std::string lines_;
  std::size_t at_ = 0;
};

template <std::size_t kCount>
std::string Joined(const std::string_view (&lines)[kCount]) {
  std::string all;
  for (const std::string_view line : lines)
    all += line;
  return all;
}

io::Task<void> ReadLines(Talker& talker, std::uint64_t lines) {
  smtp::LineReader reader(talker);
  for (std::uint64_t i = 0; i < lines; ++i) {
    const auto line = co_await reader.ReadLine(512);
    POSTERN_CHECK(line.ok());
    benchmark::DoNotOptimize(smtp::ParseCommand(line->text));
  }
}

Run CommandLines() {
  auto executor = std::make_shared<io::Executor>("bench");
  executor->Start();
  auto talker = std::make_shared<Talker>(Joined(kCommands));
  return [executor, talker](std::uint64_t lines) {
    io::RunTask(*executor, ReadLines(*talker, lines));
  };
}

Run Replies() {
  return [](std::uint64_t count) {
    smtp::Limits limits;
    smtp::ReplyParser parser(limits);
    for (std::uint64_t i = 0; i < count; ++i) {
      smtp::Line line;
      line.text = kReplies[i % std::size(kReplies)];
      line.text.remove_suffix(2);
      const auto whole = parser.Add(line);
      POSTERN_CHECK(whole.ok() && *whole);
      benchmark::DoNotOptimize(parser.Take());
    }
  };
}

// Content of about so many bytes, with a dot at the beginning of every `dots`th line.
std::string Content(std::size_t bytes, std::size_t dots) {
  std::string content = "Subject: minutes\r\n\r\n";
  for (std::size_t line = 1; content.size() < bytes; ++line) {
    content += line % dots == 0 ? "." : "T";
    content.append(75, 'x').append("\r\n");
  }
  return content;
}

Run DotsRead(std::size_t bytes, std::size_t dots) {
  return [wire = Content(bytes, dots) + ".\r\n"](std::uint64_t count) {
    std::string kept;
    for (std::uint64_t i = 0; i < count; ++i) {
      kept.clear();
      kept.reserve(wire.size());
      smtp::DotReader reader;
      reader.Take(wire, &kept);
      POSTERN_CHECK(reader.done());
    }
  };
}

Run DotsWritten(std::size_t bytes, std::size_t dots) {
  return [content = Content(bytes, dots)](std::uint64_t count) {
    std::vector<std::string_view> parts;
    for (std::uint64_t i = 0; i < count; ++i) {
      parts.clear();
      smtp::DotWriter writer;
      writer.Add(content, parts);
      writer.Finish(parts);
      benchmark::DoNotOptimize(parts.data());
    }
  };
}

}  // namespace

void AddSmtpWorks(Works& works) {
  works.push_back({"smtp.command_line", 4000, CommandLines});
  works.push_back({"smtp.reply", 4000, Replies});
  works.push_back({"smtp.dots_read_4k", 400, [] { return DotsRead(4096, 1000); }});
  works.push_back({"smtp.dots_read_4k_dotted", 400, [] { return DotsRead(4096, 2); }});
  works.push_back({"smtp.dots_read_100k", 40, [] { return DotsRead(100 * 1024, 1000); }});
  works.push_back({"smtp.dots_write_4k", 400, [] { return DotsWritten(4096, 1000); }});
  works.push_back({"smtp.dots_write_4k_dotted", 400, [] { return DotsWritten(4096, 2); }});
  works.push_back({"smtp.dots_write_100k", 40, [] { return DotsWritten(100 * 1024, 1000); }});
}

}  // namespace postern::bench
