// common/http/channel.h
//
// Calls to one HTTPS server that is spoken to again and again: several at once, streams among them.
//
// Flow      Make; Begin as often as wanted and Poll, which hands out what has come; or Ask, which
//           waits for one answer.
// Failure   An answer of any status is data. A Status is as in http::Client: kUnauthenticated,
//           kOutOfRange, kDeadlineExceeded, kUnavailable; kCancelled after Stop or when a stream's
//           `take` has had enough. Make: kInvalidArgument for an origin that is none, kNotFound for
//           a CA file that cannot be read.
// Lifetime  Of one thread, but for Wake and Stop. Destroyed with calls under way, their `done` is
//           not called. No call may be begun or dropped inside `take` and `opened`.
// Limits    Each call has its own. 64 KiB of headers, 16 connections, TLS 1.2 or later, HTTP/1.1.
//           No redirects, proxies, cookies or compression. The CA file is read anew with each
//           connection.
// See       common/http/client.h for documents of servers that nobody knows beforehand

#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace postern::http {

struct Call {
  std::string method = "GET";
  std::string path = "/";    // with its query
  std::string bearer_token;  // empty: none is sent
  std::string content_type;  // of the body
  std::string body;
  absl::Duration time_max = absl::Seconds(30);  // to the last byte
  std::size_t body_bytes_max = 64 * 1024;       // of an answer; of a stream there is none
  // Makes it a stream: gets each piece of an answer with status 200 as it comes; false ends it.
  std::function<bool(std::string_view)> take;
  // Of a stream: status 200 and the headers are here, the first piece may be long in coming.
  std::function<void()> opened;
};

struct Answer {
  int status = 0;
  std::string body;                                   // not of a stream with status 200
  absl::Duration retry_after = absl::ZeroDuration();  // as the server asks, in whole seconds
};

class Channel {
 public:
  using Done = std::function<void(absl::StatusOr<Answer>)>;
  using CallId = std::uint64_t;

  struct Options {
    std::string origin;   // https://host:port
    std::string ca_file;  // the only authorities that are trusted
    absl::Duration connect_max = absl::Seconds(10);
  };

  static absl::StatusOr<std::unique_ptr<Channel>> Make(Options options);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  CallId Begin(Call call, Done done);
  // Ends a call without its `done`; one that has ended already may be named.
  void Drop(CallId id);
  // Moves every call on, for at most this long when nothing comes; runs `take` and `done`.
  void Poll(absl::Duration most);

  // One call, to its end, while the others move on.
  absl::StatusOr<Answer> Ask(Call call);

  // From any thread: ends a Poll that waits.
  void Wake();
  // From any thread, for good: each Ask ends.
  void Stop();

 private:
  struct State;
  explicit Channel(std::unique_ptr<State> state);
  const std::unique_ptr<State> state_;
};

}  // namespace postern::http
