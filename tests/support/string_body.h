// tests/support/string_body.h
//
// A body that is at hand.
//
// Limits    As for every BodySource, a view holds at most 256 KiB.
// See       common/smtp/body_source.h

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "common/smtp/body_source.h"

namespace postern::testing {

class StringBody final : public smtp::BodySource {
 public:
  explicit StringBody(std::shared_ptr<const std::string> content) : content_(std::move(content)) {}

  std::uint64_t size() const override { return content_->size(); }

  std::string_view whole() const override { return *content_; }

  io::Task<absl::Status> Rewind() override;
  io::Task<absl::StatusOr<std::string_view>> Next() override;

 private:
  std::shared_ptr<const std::string> content_;
  std::size_t at_ = 0;
};

}  // namespace postern::testing
