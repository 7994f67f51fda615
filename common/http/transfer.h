// common/http/transfer.h
//
// One GET as libcurl sees it: a handle with every option that keeps it within bounds.
//
// Flow      Make; the handle goes through a multi handle; Result with the code that it ended with.
// Failure   Make: kInvalidArgument for a request that is none, kInternal for an option that this
//           libcurl does not have. Result: as http::Client.
// Lifetime  Out of the multi handle before it is destroyed. One thread.
// See       common/http/client.h; libcurl 7.88

#pragma once

#include <memory>
#include <string>

#include <curl/curl.h>

#include "common/http/client.h"

namespace postern::http {

class Transfer {
 public:
  static absl::StatusOr<std::unique_ptr<Transfer>> Make(const Request& request,
                                                        const Client::Options& options,
                                                        absl::Duration time_left);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  CURL* easy() { return easy_.get(); }

  absl::StatusOr<Response> Result(CURLcode code);

 private:
  // A type each: to libcurl's headers, handles and shares are all void.
  struct FreeEasy {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
  };

  struct FreeShare {
    void operator()(CURLSH* share) const { curl_share_cleanup(share); }
  };

  struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  Transfer() = default;

  template <typename Value>
  void Set(CURLoption option, Value value);
  void SetPeer(const Client::Options& options);
  void SetBounds(const Client::Options& options, absl::Duration time_left);
  absl::Status Failure(CURLcode code) const;

  static std::size_t OnBody(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t OnHeader(char* bytes, std::size_t size, std::size_t count, void* self);

  std::string url_;
  std::size_t body_bytes_max_ = 0;
  std::size_t header_bytes_ = 0;
  bool too_long_ = false;
  Response response_;
  CURLcode set_ = CURLE_OK;  // the first option that was refused
  char error_[CURL_ERROR_SIZE] = {};
  std::unique_ptr<curl_slist, FreeList> resolve_;
  // The addresses are known to this transfer alone: those of another one say nothing here.
  std::unique_ptr<CURLSH, FreeShare> share_;
  std::unique_ptr<CURL, FreeEasy> easy_;  // uses all above
};

}  // namespace postern::http
