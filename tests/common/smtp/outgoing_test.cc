#include "common/smtp/outgoing.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"
#include "tests/support/await.h"
#include "tests/support/string_body.h"

namespace postern::smtp {
namespace {

using mail::FirewallRules;
using ::testing::HasSubstr;

constexpr std::string_view kHeader =
    "Received: from a by b; x\r\nX-MS-Exchange-Organization-SCL: 1\r\nSubject: hello\r\n\r\n";
constexpr std::string_view kFiltered = "Subject: hello\r\n\r\n";

FirewallRules Everything() {
  return {mail::HeaderRights::All(), mail::CrossPremises::kKeep};
}

// Content that comes in pieces, with or without its first bytes at hand.
class PiecesBody final : public BodySource {
 public:
  PiecesBody(std::string content, std::size_t piece, std::size_t begins)
      : content_(std::move(content)), piece_(piece), begins_(begins) {}

  std::uint64_t size() const override { return size_ == 0 ? content_.size() : size_; }

  std::string_view beginning() const override {
    return std::string_view(content_).substr(0, begins_);
  }

  io::Task<absl::Status> Rewind() override {
    ++rewinds;
    at_ = 0;
    co_return absl::OkStatus();
  }

  io::Task<absl::StatusOr<std::string_view>> Next() override {
    const std::string_view view = std::string_view(content_).substr(at_, piece_);
    at_ += view.size();
    co_return view;
  }

  void Claims(std::uint64_t size) { size_ = size; }

  int rewinds = 0;

 private:
  std::string content_;
  std::size_t piece_;
  std::size_t begins_;
  std::size_t at_ = 0;
  std::uint64_t size_ = 0;
};

class OutgoingTest : public ::testing::Test {
 protected:
  OutgoingTest() { executor_.Start(); }

  ~OutgoingTest() override { executor_.Stop(); }

  absl::Status Obey(Outgoing& content, FirewallRules rules) {
    return testing::Await(executor_, content.Obey(rules));
  }

  // All that Next gives, or why it does not.
  static io::Task<absl::StatusOr<std::string>> ReadAll(Outgoing* content) {
    absl::Status rewound = co_await content->Rewind();
    if (!rewound.ok()) co_return rewound;
    std::string all;
    while (true) {
      const auto view = co_await content->Next();
      if (!view.ok()) co_return view.status();
      if (view->empty()) co_return all;
      all.append(*view);
    }
  }

  absl::StatusOr<std::string> Streamed(Outgoing& content) {
    return testing::Await(executor_, ReadAll(&content));
  }

  // kHeader behind the firewall and the conversion.
  static std::string Quoted(std::string_view body) {
    return base::Cat(
        "Subject: hello\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=unknown-8bit\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n",
        body);
  }

  static std::string Whole(const Outgoing& content) {
    return base::Cat(content.first(), content.rest());
  }

  io::Executor executor_{"outgoing"};
};

TEST_F(OutgoingTest, WhatPassesIsNotCopied) {
  const auto text = std::make_shared<const std::string>(base::Cat(kHeader, "body\r\n"));
  testing::StringBody body(text);
  Outgoing content(body);
  ASSERT_TRUE(Obey(content, Everything()).ok());
  EXPECT_TRUE(content.at_hand());
  EXPECT_EQ(content.rest().data(), text->data());
  EXPECT_EQ(content.size(), text->size());
  // A message without any field that matters passes every rule.
  const auto plain = std::make_shared<const std::string>("Subject: x\r\n\r\nbody\r\n");
  testing::StringBody plain_body(plain);
  Outgoing passing(plain_body);
  for (const FirewallRules& rules : {FirewallRules(), FirewallRules{{.routing = true}, {}}}) {
    ASSERT_TRUE(Obey(passing, rules).ok());
    EXPECT_EQ(passing.first(), "");
    EXPECT_EQ(passing.rest().data(), plain->data());
  }
}

TEST_F(OutgoingTest, OnlyTheHeaderOfWholeContentIsWrittenAnew) {
  const auto text = std::make_shared<const std::string>(base::Cat(kHeader, "body\r\n"));
  testing::StringBody body(text);
  Outgoing content(body);
  ASSERT_TRUE(Obey(content, FirewallRules()).ok());
  EXPECT_EQ(content.first(), kFiltered);
  EXPECT_EQ(content.rest().data(), text->data() + kHeader.size());
  EXPECT_EQ(Whole(content), base::Cat(kFiltered, "body\r\n"));
  EXPECT_EQ(content.size(), Whole(content).size());
  // The rules of another session.
  ASSERT_TRUE(Obey(content, Everything()).ok());
  EXPECT_EQ(Whole(content), *text);
}

TEST_F(OutgoingTest, StreamedContentIsTheSameHoweverItIsCut) {
  const std::string tail(40, 'x');
  for (const std::string_view end :
       {std::string_view("body\r\n"), std::string_view(tail), std::string_view()}) {
    const std::string text = base::Cat(kHeader, end);
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
      for (const std::size_t begins : {std::size_t{0}, std::size_t{20}, text.size()}) {
        PiecesBody body(text, piece, begins);
        Outgoing content(body);
        ASSERT_TRUE(Obey(content, FirewallRules()).ok());
        EXPECT_EQ(body.rewinds, 0) << "the content is not asked for before a host wants it";
        const std::string expected = base::Cat(kFiltered, end);
        for (int round = 0; round < 2; ++round) {
          const auto streamed = Streamed(content);
          ASSERT_TRUE(streamed.ok()) << streamed.status();
          ASSERT_EQ(*streamed, expected) << "pieces of " << piece << ", begins " << begins;
        }
        EXPECT_EQ(content.size(), begins == text.size() ? expected.size() : text.size());
      }
    }
  }
}

TEST_F(OutgoingTest, SizeIsExactWhereTheHeaderIsAtHand) {
  const std::string text = base::Cat(kHeader, std::string(1000, 'x'));
  PiecesBody body(text, 100, 200);
  Outgoing content(body);
  ASSERT_TRUE(Obey(content, FirewallRules()).ok());
  EXPECT_EQ(content.size(), Streamed(content)->size());
  // Promoted fields make it longer.
  PiecesBody longer(text, 100, 200);
  Outgoing promoted(longer);
  ASSERT_TRUE(Obey(promoted, {mail::HeaderRights::All(), mail::CrossPremises::kPromote}).ok());
  EXPECT_GT(promoted.size(), text.size());
  EXPECT_EQ(promoted.size(), Streamed(promoted)->size());
}

TEST_F(OutgoingTest, ContentThatIsAllHeaderOrEmptyComesThrough) {
  PiecesBody all_header("Received: x\r\nSubject: y\r\n", 5, 0);
  Outgoing content(all_header);
  ASSERT_TRUE(Obey(content, FirewallRules()).ok());
  EXPECT_EQ(*Streamed(content), "Subject: y\r\n");
  PiecesBody nothing_left("Received: x\r\n", 5, 0);
  Outgoing gone(nothing_left);
  ASSERT_TRUE(Obey(gone, FirewallRules()).ok());
  EXPECT_EQ(*Streamed(gone), "");
  PiecesBody empty("", 5, 0);
  Outgoing none(empty);
  ASSERT_TRUE(Obey(none, FirewallRules()).ok());
  EXPECT_EQ(*Streamed(none), "");
}

TEST_F(OutgoingTest, ContentOfTheWrongLengthIsNeverEnded) {
  for (const int difference : {-1, 1}) {
    const std::string text = base::Cat(kHeader, "body\r\n");
    PiecesBody body(text, 7, text.size());
    body.Claims(text.size() + static_cast<std::size_t>(difference));
    Outgoing content(body);
    ASSERT_TRUE(Obey(content, FirewallRules()).ok());
    EXPECT_TRUE(absl::IsDataLoss(Streamed(content).status())) << difference;
  }
}

TEST_F(OutgoingTest, AHeaderWithoutAnEndIsNotHeldForEver) {
  PiecesBody body(base::Cat("a: ", std::string(400'000, 'x')), 10'000, 0);
  Outgoing content(body);
  ASSERT_TRUE(Obey(content, FirewallRules()).ok());
  EXPECT_THAT(Streamed(content).status().ToString(), HasSubstr("the header block has more than"));
}

TEST_F(OutgoingTest, ContentIsSevenBitUntilItIsNotWanted) {
  const std::string text = base::Cat(kHeader, "\xe9\r\n");
  for (const std::size_t piece : {std::size_t{7}, text.size()}) {
    PiecesBody body(text, piece, text.size());
    Outgoing content(body);
    ASSERT_TRUE(Obey(content, FirewallRules()).ok());
    for (int round = 0; round < 2; ++round) {
      ASSERT_TRUE(testing::Await(executor_, content.ToSevenBit()).ok());
      EXPECT_TRUE(content.converted() && content.at_hand());
      EXPECT_TRUE(content.seven_bit_refusal().ok());
      EXPECT_EQ(Whole(content), Quoted("=E9\r\n"));
      EXPECT_EQ(content.size(), Whole(content).size());
      content.AsItIs();
      EXPECT_FALSE(content.converted() || content.at_hand());
      EXPECT_EQ(content.size(), kFiltered.size() + 3);
      EXPECT_EQ(*Streamed(content), base::Cat(kFiltered, "\xe9\r\n"));
    }
    // Two rounds were streamed, and one collected.
    EXPECT_EQ(body.rewinds, 3);
    // The rules of another session.
    ASSERT_TRUE(testing::Await(executor_, content.ToSevenBit()).ok());
    ASSERT_TRUE(Obey(content, Everything()).ok());
    EXPECT_FALSE(content.converted());
    ASSERT_TRUE(testing::Await(executor_, content.ToSevenBit()).ok());
    EXPECT_THAT(Whole(content), HasSubstr("Received: from a by b; x"));
  }
}

TEST_F(OutgoingTest, ConversionHasItsBoundsAndReasons) {
  const std::string most = base::Cat("A: b\r\n\r\n", std::string(kConvertedBytesMax - 8, '\xff'));
  const auto refused = [this](std::string text) {
    PiecesBody body(std::move(text), 60'000, 0);
    Outgoing content(body);
    EXPECT_TRUE(Obey(content, Everything()).ok());
    EXPECT_TRUE(testing::Await(executor_, content.ToSevenBit()).ok());
    EXPECT_EQ(content.converted(), content.seven_bit_refusal().ok());
    return std::string(content.seven_bit_refusal().message());
  };
  EXPECT_EQ(refused(most), "");
  EXPECT_THAT(refused(most + "x"), HasSubstr("it has 262145 bytes, and none of more than 262144"));
  EXPECT_THAT(refused("A: \xff\r\n\r\n"), HasSubstr("the header field A has 8-bit bytes"));

  PiecesBody shorter(most, 60'000, 0);
  shorter.Claims(most.size() - 1);
  Outgoing content(shorter);
  ASSERT_TRUE(Obey(content, Everything()).ok());
  EXPECT_TRUE(absl::IsDataLoss(testing::Await(executor_, content.ToSevenBit())));
}

TEST_F(OutgoingTest, TheHeaderIsAsciiWhereThatCanBeSeen) {
  const auto ascii = [this](std::string text, std::size_t begins, FirewallRules rules) {
    PiecesBody body(std::move(text), 10, begins);
    Outgoing content(body);
    EXPECT_TRUE(Obey(content, rules).ok());
    return testing::Await(executor_, content.HeaderIsAscii()).value();
  };
  for (const FirewallRules& rules : {FirewallRules(), Everything()}) {
    EXPECT_TRUE(ascii("A: b\r\n\r\n\xe9", 9, rules));
    EXPECT_TRUE(ascii("A: b\r\n", 6, rules));
    EXPECT_FALSE(ascii("A: \xe9\r\n\r\n", 8, rules));
    EXPECT_FALSE(ascii("A: b\r\n\r\n", 7, rules)) << "its end is not at hand";
  }
  const std::string removed = "X-MS-Exchange-Forest-A: \xe9\r\nA: b\r\n\r\n";
  EXPECT_TRUE(ascii(removed, removed.size(), FirewallRules()));
  EXPECT_FALSE(ascii(removed, removed.size(), Everything()));
}

}  // namespace
}  // namespace postern::smtp
