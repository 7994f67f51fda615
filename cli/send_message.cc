#include "cli/send_message.h"

#include <filesystem>
#include <fstream>
#include <system_error>

#include "cli/table.h"
#include "common/base/text.h"
#include "common/mail/utf8.h"

namespace postern::cli {

namespace {

// Twice this fits into one message of the stream, should every byte be a bare LF.
constexpr std::size_t kPieceBytes = 128 * 1024;
constexpr std::uint64_t kProgressFrom = 1024 * 1024;

absl::Status Invalid(const auto&... parts) {
  return base::Error(absl::StatusCode::kInvalidArgument, parts...);
}

absl::StatusOr<std::uint32_t> NotifyFrom(std::string_view text) {
  std::uint32_t notify = 0;
  if (text.empty()) return notify;
  for (const std::string_view word : base::Split(text, ',')) {
    if (base::EqualsIgnoreCase(word, "never")) {
      notify |= v1::NOTIFY_NEVER;
    } else if (base::EqualsIgnoreCase(word, "success")) {
      notify |= v1::NOTIFY_SUCCESS;
    } else if (base::EqualsIgnoreCase(word, "failure")) {
      notify |= v1::NOTIFY_FAILURE;
    } else if (base::EqualsIgnoreCase(word, "delay")) {
      notify |= v1::NOTIFY_DELAY;
    } else {
      return Invalid("--notify ", text, ": write never, or some of success,failure,delay");
    }
  }
  if ((notify & v1::NOTIFY_NEVER) != 0 && notify != v1::NOTIFY_NEVER) {
    return Invalid("--notify ", text, ": never stands alone");
  }
  return notify;
}

absl::Status SetWords(const SendMessageOptions& options, v1::Envelope& envelope) {
  if (base::EqualsIgnoreCase(options.ret, "full")) {
    envelope.set_ret(v1::RET_FULL);
  } else if (base::EqualsIgnoreCase(options.ret, "hdrs")) {
    envelope.set_ret(v1::RET_HDRS);
  } else if (!options.ret.empty()) {
    return Invalid("--ret ", options.ret, ": write full or hdrs");
  }
  if (base::EqualsIgnoreCase(options.body, "8bitmime")) {
    envelope.set_body(v1::BODY_8BITMIME);
  } else if (!options.body.empty() && !base::EqualsIgnoreCase(options.body, "7bit")) {
    return Invalid("--body ", options.body, ": write 7bit or 8bitmime");
  }
  return absl::OkStatus();
}

// "<a@b>" is written as often as "a@b".
std::string WithoutBrackets(std::string_view address) {
  if (address.size() >= 2 && address.front() == '<' && address.back() == '>') {
    address = address.substr(1, address.size() - 2);
  }
  return std::string(address);
}

std::uint64_t SizeOf(const std::string& file) {
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  return error ? 0 : size;
}

}  // namespace

absl::StatusOr<v1::SubmitEnvelope> EnvelopeFrom(const SendMessageOptions& options) {
  v1::SubmitEnvelope out;
  out.set_idempotency_key(options.idempotency_key);
  v1::Envelope& envelope = *out.mutable_envelope();
  if (options.to.empty()) return Invalid("--to: give at least one recipient");
  const auto notify = NotifyFrom(options.notify);
  if (!notify.ok()) return notify.status();
  if (absl::Status words = SetWords(options, envelope); !words.ok()) return words;
  envelope.set_sender(WithoutBrackets(options.from));
  envelope.set_envid(options.envid);
  envelope.set_require_tls(options.require_tls);
  bool ascii = mail::IsAscii(options.from);
  for (const std::string& to : options.to) {
    v1::Recipient& recipient = *envelope.add_recipients();
    recipient.set_address(WithoutBrackets(to));
    recipient.set_notify(*notify);
    ascii = ascii && mail::IsAscii(to);
  }
  envelope.set_smtputf8(!ascii);
  return out;
}

absl::StatusOr<std::string> Content::Next() {
  std::string piece(kPieceBytes, '\0');
  in_.read(piece.data(), static_cast<std::streamsize>(piece.size()));
  if (in_.bad()) return absl::DataLossError("the message cannot be read to its end");
  piece.resize(static_cast<std::size_t>(in_.gcount()));
  read_ += piece.size();
  ShowProgress();
  return line_ends_.Convert(piece);
}

void Content::ShowProgress() {
  if (!progress_ || size_ == 0 || read_ - shown_ < size_ / 100) return;
  shown_ = read_;
  shell_.err << base::Cat("\rsending ", read_ * 100 / size_, "% of ", size_ / 1024 / 1024, " MB")
             << std::flush;
}

void Content::End() {
  if (shown_ > 0) shell_.err << '\n';
  if (line_ends_.converted() == 0) return;
  shell_.err << base::Cat(line_ends_.converted(),
                          " line ends were LF and were sent as CR LF, as a message needs them\n");
}

absl::Status SendMessage(const SendMessageOptions& options, Connection& connection, Shell& shell) {
  const auto envelope = EnvelopeFrom(options);
  if (!envelope.ok()) return envelope.status();
  std::ifstream file;
  const bool from_input = options.file == "-";
  if (!from_input) {
    file.open(options.file, std::ios::binary);
    if (!file || std::filesystem::is_directory(options.file)) {
      return Invalid(options.file, ": the file cannot be read");
    }
  }
  const std::uint64_t size = from_input ? 0 : SizeOf(options.file);
  const bool progress = shell.err_is_terminal && size >= kProgressFrom;
  Content content(from_input ? shell.in : file, size, progress, shell);
  const auto response = connection.Submit(*envelope, [&] { return content.Next(); });
  content.End();
  if (!response.ok()) return response.status();
  if (shell.output != Output::kTable) return PrintData(*response, shell);
  shell.out << RenderList({{"MessageId", response->message_id()},
                           {"InternetMessageId", response->internet_message_id()},
                           {"Server", response->server()},
                           {"Repeated", response->repeated() ? "True" : "False"}});
  return absl::OkStatus();
}

}  // namespace postern::cli
