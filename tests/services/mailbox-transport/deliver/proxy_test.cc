#include "services/mailbox-transport/deliver/proxy.h"

#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"
#include "common/observe/log.h"
#include "tests/services/mailbox-transport/deliver/loopback_front_end.h"
#include "tests/support/await.h"
#include "tests/support/fake_resolver.h"
#include "tests/support/string_body.h"

namespace postern::deliver {
namespace {

using ::testing::HasSubstr;

class ProxyTest : public ::testing::Test {
 protected:
  ProxyTest() {
    executor_.Start();
    rpc_.insecure_plaintext.value = true;
    settings_.proxy_streams.value = 1;
    settings_.proxy_reconnect_after.value = absl::Milliseconds(10);
    settings_.proxy_slot_wait.value = absl::Milliseconds(500);
    delivery_.envelope.recipients.resize(1);
    delivery_.policy.connector = "Internet";
    executor_.Run([this] {
      proxy_ = std::make_unique<Proxy>(
          executor_, rpc_, settings_, "here", probe_, [this] { ++available_; }, &dns_);
    });
  }

  ~ProxyTest() override {
    Stop();
    executor_.Run([this] { proxy_.reset(); });
    executor_.Stop();
  }

  void Stop() {
    executor_.Run([this] { proxy_->Stop(); });
    io::RunTask(executor_, proxy_->Join());
  }

  void FrontEnds(const std::vector<std::string>& addresses) {
    executor_.Run([&] { proxy_->SetFrontEnds(addresses); });
  }

  smtp::Outcome Attempt() {
    testing::StringBody body(std::make_shared<const std::string>("hello"));
    delivery_.size = body.size();
    return testing::Await(executor_, proxy_->Attempt(delivery_, body));
  }

  static io::Task<void> AttemptInto(ProxyTest* test, smtp::Outcome* into) {
    testing::StringBody body(std::make_shared<const std::string>("hello"));
    test->delivery_.size = body.size();
    *into = co_await test->proxy_->Attempt(test->delivery_, body);
  }

  bool Soon(const std::function<bool()>& holds, absl::Duration within = testing::kPatience) {
    return testing::Soon(executor_, holds, within);
  }

  bool Usable(std::size_t count = 1) {
    return Soon([this, count] { return proxy_->front_ends_usable() == count; });
  }

  // The gauges, once both are so.
  bool Told(int known, int usable) {
    return Soon([&] {
      const std::string text = registry_.Text();
      const auto says = [&text](std::string_view name, int value) {
        return text.find(base::Cat(name, "{site=\"here\"} ", value, "\n")) != std::string::npos;
      };
      return says("postern_deliver_front_ends", known) &&
             says("postern_deliver_front_ends_usable", usable);
    });
  }

  io::Executor executor_{"proxy"};
  testing::FakeResolver dns_;
  rpc::RpcSettings rpc_;
  DeliverSettings settings_;
  observe::Registry registry_;
  Probe probe_{registry_, "here"};
  smtp::Delivery delivery_;
  int available_ = 0;
  std::unique_ptr<Proxy> proxy_;
};

TEST_F(ProxyTest, WithoutAFrontEndItSaysWhichSettingIsMissing) {
  const smtp::Outcome outcome = Attempt();
  EXPECT_EQ(outcome.recipients.at(0).origin, smtp::Origin::kFrontEnd);
  EXPECT_THAT(std::string(outcome.recipients[0].error.message()), HasSubstr("spec.frontEnds"));
}

TEST_F(ProxyTest, DeliveryThatComesBeforeTheStreamWaitsForIt) {
  LoopbackFrontEnd front_end(executor_);
  FrontEnds({front_end.address()});
  EXPECT_EQ(Attempt().recipients.at(0).reply->code, 250);
  EXPECT_EQ(available_, 1);
  Stop();
}

TEST_F(ProxyTest, StreamThatEndsIsOpenedAgain) {
  LoopbackFrontEnd front_end(executor_);
  FrontEnds({front_end.address()});
  ASSERT_TRUE(Usable());
  executor_.Run([&] { front_end.streams[0]->Leave(); });
  ASSERT_TRUE(Soon([&] { return front_end.streams.size() == 2; }));
  ASSERT_TRUE(Usable());
  EXPECT_EQ(available_, 2);
  Stop();
}

TEST_F(ProxyTest, AnotherFrontEndIsAskedWhenTheFirstCannot) {
  LoopbackFrontEnd good(executor_);
  LoopbackFrontEnd bad(executor_);
  bad.fails = true;
  bad.answers = 0;
  FrontEnds({bad.address()});
  ASSERT_TRUE(Usable());
  EXPECT_EQ(Attempt().recipients.at(0).origin, smtp::Origin::kFrontEnd);
  EXPECT_EQ(bad.streams[0]->offers.size(), 3u) << "and not more often than kOffersMax";
  FrontEnds({good.address()});
  ASSERT_TRUE(Usable());
  EXPECT_EQ(Attempt().recipients.at(0).reply->code, 250);
  Stop();
}

TEST_F(ProxyTest, WhoHasAPlaceInTheMxSetIsTriedThoughItsHostsAreBlocked) {
  LoopbackFrontEnd front_end(executor_);
  delivery_.route.dns_routing = true;
  delivery_.route.domain = "b.test";
  FrontEnds({front_end.address()});
  ASSERT_TRUE(Usable());
  executor_.Run([&] { front_end.streams[0]->Block("b.test", "10 mx.test"); });
  delivery_.mx_set = "10 mx.test";
  EXPECT_EQ(Attempt().recipients.at(0).reply->code, 250);
  delivery_.mx_set.clear();
  EXPECT_EQ(Attempt().recipients.at(0).origin, smtp::Origin::kConnect);
  Stop();
}

TEST_F(ProxyTest, FrontEndThatLeavesTheDirectoryFinishesItsDelivery) {
  LoopbackFrontEnd front_end(executor_);
  front_end.answers = 0;
  FrontEnds({front_end.address()});
  ASSERT_TRUE(Usable());
  io::Scope scope(executor_);
  smtp::Outcome outcome;
  executor_.Run([&] { scope.Spawn(AttemptInto(this, &outcome)); });
  ASSERT_TRUE(Soon([&] { return front_end.streams[0]->offers.size() == 1; }));
  FrontEnds({});
  EXPECT_FALSE(Soon([&] { return front_end.streams[0]->closed; }, absl::Milliseconds(20)));
  executor_.Run([&] { front_end.streams[0]->Answer(1, 250); });
  io::RunTask(executor_, scope.Join());
  EXPECT_EQ(outcome.recipients.at(0).reply->code, 250);
  EXPECT_TRUE(Soon([&] { return front_end.streams[0]->closed; }));
  Stop();
}

TEST_F(ProxyTest, FrontEndThatLeavesBothDirectoryAndWireEndsItsDelivery) {
  LoopbackFrontEnd front_end(executor_);
  front_end.answers = 0;
  FrontEnds({front_end.address()});
  ASSERT_TRUE(Usable());
  io::Scope scope(executor_);
  smtp::Outcome outcome;
  executor_.Run([&] { scope.Spawn(AttemptInto(this, &outcome)); });
  ASSERT_TRUE(Soon([&] { return front_end.streams[0]->offers.size() == 1; }));
  executor_.Run([&] {
    proxy_->SetFrontEnds({});
    front_end.streams[0]->Leave();
  });
  io::RunTask(executor_, scope.Join());
  EXPECT_EQ(outcome.recipients.at(0).origin, smtp::Origin::kFrontEnd);
  EXPECT_TRUE(outcome.ambiguous);
  Stop();
}

TEST_F(ProxyTest, DeliveryWaitsForTheFirstAnswerOfTheNameServers) {
  LoopbackFrontEnd front_end(executor_);
  dns_.SetDelay(absl::Milliseconds(30));
  dns_.A("front.test", "127.0.0.1");
  FrontEnds({base::Cat("dns:///front.test:", front_end.port())});
  EXPECT_EQ(Attempt().recipients.at(0).reply->code, 250);
  Stop();
}

TEST_F(ProxyTest, NameWithoutAnAddressIsNamed) {
  FrontEnds({"dns:///front.test:7170"});
  const smtp::Outcome outcome = Attempt();
  EXPECT_EQ(outcome.recipients.at(0).origin, smtp::Origin::kFrontEnd);
  EXPECT_THAT(std::string(outcome.recipients[0].error.message()),
              HasSubstr("front.test has no address"));
}

TEST_F(ProxyTest, AddressThatLeavesTheNameFinishesItsDeliveryAndTheOtherTakesTheNext) {
  settings_.front_end_refresh.value = absl::Milliseconds(5);
  LoopbackFrontEnd first(executor_);
  LoopbackFrontEnd second(executor_, base::Cat("127.0.0.2:", first.port()));
  first.answers = 0;
  dns_.A("front.test", "127.0.0.1");
  FrontEnds({base::Cat("front.test:", first.port())});
  ASSERT_TRUE(Usable());
  io::Scope scope(executor_);
  smtp::Outcome outcome;
  executor_.Run([&] { scope.Spawn(AttemptInto(this, &outcome)); });
  ASSERT_TRUE(Soon([&] { return first.streams[0]->offers.size() == 1; }));

  dns_.A("front.test", "127.0.0.2");
  ASSERT_TRUE(Usable(2));
  dns_.NxDomain("front.test");
  dns_.A("front.test", "127.0.0.2");
  ASSERT_TRUE(Usable(1));
  EXPECT_EQ(Attempt().recipients.at(0).reply->code, 250);
  EXPECT_EQ(second.streams[0]->offers.size(), 1u);
  EXPECT_FALSE(first.streams[0]->closed);

  executor_.Run([&] { first.streams[0]->Answer(1, 250); });
  io::RunTask(executor_, scope.Join());
  EXPECT_EQ(outcome.recipients.at(0).reply->code, 250);
  EXPECT_TRUE(Soon([&] { return first.streams[0]->closed; }));
  Stop();
}

TEST_F(ProxyTest, EveryHopHasItsFrontEndAndTheNextOneWhenThatIsFull) {
  LoopbackFrontEnd first(executor_);
  LoopbackFrontEnd second(executor_);
  first.answers = second.answers = 0;
  FrontEnds({first.address(), second.address()});
  ASSERT_TRUE(Usable(2));
  io::Scope scope(executor_);
  smtp::Outcome outcomes[2];
  // A quarter of four slots is one: the second delivery to the hop spills.
  executor_.Run([&] {
    scope.Spawn(AttemptInto(this, &outcomes[0]));
    scope.Spawn(AttemptInto(this, &outcomes[1]));
  });
  ASSERT_TRUE(Soon([&] {
    return first.streams[0]->offers.size() == 1 && second.streams[0]->offers.size() == 1;
  }));
  executor_.Run([&] {
    first.streams[0]->Answer(1, 250);
    second.streams[0]->Answer(1, 250);
  });
  io::RunTask(executor_, scope.Join());
  // With room everywhere it is the same one each time.
  executor_.Run(
      [&] { first.streams[0]->answers_at_once = second.streams[0]->answers_at_once = 250; });
  for (int i = 0; i < 6; ++i)
    EXPECT_EQ(Attempt().recipients.at(0).reply->code, 250);
  EXPECT_EQ(std::max(first.streams[0]->offers.size(), second.streams[0]->offers.size()), 7u);
  Stop();
}

TEST_F(ProxyTest, FrontEndThatFailsIsLeftOutAndComesBack) {
  settings_.front_end_failures_max.value = 2;
  settings_.front_end_out_time.value = absl::Milliseconds(50);
  LoopbackFrontEnd bad(executor_);
  bad.answers = 0;
  bad.fails = true;
  FrontEnds({bad.address()});
  ASSERT_TRUE(Usable());
  EXPECT_EQ(Attempt().recipients.at(0).origin, smtp::Origin::kFrontEnd);
  EXPECT_EQ(bad.streams[0]->offers.size(), 2u) << "then it is out";
  executor_.Run([&] {
    EXPECT_EQ(proxy_->front_ends_usable(), 0u);
    bad.streams[0]->fails_at_once = false;
    bad.streams[0]->answers_at_once = 250;
  });
  ASSERT_TRUE(Usable()) << "its time is over";
  EXPECT_EQ(available_, 2) << "and the queues know";
  EXPECT_EQ(Attempt().recipients.at(0).reply->code, 250);
  Stop();
}

TEST_F(ProxyTest, TheGaugesTellHowManyFrontEndsThereAreAndHowManyTakeMail) {
  settings_.front_end_failures_max.value = 2;
  LoopbackFrontEnd front_end(executor_);
  front_end.answers = 0;
  front_end.fails = true;
  EXPECT_TRUE(Told(0, 0));
  FrontEnds({"127.0.0.1:1", front_end.address(), "dns:///nowhere.test:7170"});
  EXPECT_TRUE(Told(3, 1));
  EXPECT_EQ(Attempt().recipients.at(0).origin, smtp::Origin::kFrontEnd);
  EXPECT_TRUE(Told(3, 0)) << "it is left out";
  FrontEnds({});
  EXPECT_TRUE(Told(0, 0));
  Stop();
}

TEST_F(ProxyTest, FreeSlotWakesTheQueuesThatFoundNone) {
  settings_.proxy_slot_wait.value = absl::Milliseconds(1);
  LoopbackFrontEnd front_end(executor_);
  front_end.answers = 0;
  FrontEnds({front_end.address()});
  ASSERT_TRUE(Usable());
  io::Scope scope(executor_);
  smtp::Outcome outcome;
  executor_.Run([&] { scope.Spawn(AttemptInto(this, &outcome)); });
  ASSERT_TRUE(Soon([&] { return front_end.streams[0]->offers.size() == 1; }));
  EXPECT_THAT(std::string(Attempt().recipients.at(0).error.message()), HasSubstr("free slot"));
  executor_.Run([&] { front_end.streams[0]->Answer(1, 250); });
  io::RunTask(executor_, scope.Join());
  EXPECT_TRUE(Soon([this] { return available_ == 2; }));
  Stop();
}

TEST_F(ProxyTest, EndsOfStreamsToAFrontEndThatIsNotThereAreOneLine) {
  const std::string log = ::testing::TempDir() + "/postern-proxy-log";
  std::remove(log.c_str());
  ASSERT_TRUE(observe::OpenLog(observe::Level::kInfo, log).ok());
  settings_.proxy_reconnect_after.value = absl::Milliseconds(1);
  FrontEnds({"127.0.0.1:1"});
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  Stop();
  observe::CloseLog();
  std::ifstream in(log);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const std::size_t line = text.find("stream to front end ended");
  ASSERT_NE(line, std::string::npos);
  EXPECT_EQ(text.find("stream to front end ended", line + 1), std::string::npos) << text;
  EXPECT_THAT(text, HasSubstr("\"times\":1"));
}

TEST_F(ProxyTest, StopDoesNotWaitForAFrontEndThatIsNotThere) {
  FrontEnds({"127.0.0.1:1"});
  const smtp::Outcome outcome = Attempt();
  EXPECT_EQ(outcome.recipients.at(0).origin, smtp::Origin::kFrontEnd);
  Stop();
  EXPECT_EQ(proxy_->front_ends_usable(), 0u);
}

}  // namespace
}  // namespace postern::deliver
