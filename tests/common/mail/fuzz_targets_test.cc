// The fuzz targets on inputs that were chosen to hurt, and on seeded mutations of them.

#include <gtest/gtest.h>

#include "common/base/random.h"

#define LLVMFuzzerTestOneInput PosternFuzzAddress
#include "tests/fuzz/address_fuzz.cc"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput PosternFuzzHeader
#include "tests/fuzz/header_fuzz.cc"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput PosternFuzzEsmtpParams
#include "tests/fuzz/esmtp_params_fuzz.cc"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput PosternFuzzContent
#include "tests/fuzz/content_fuzz.cc"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput PosternFuzzImcea
#include "tests/fuzz/imcea_fuzz.cc"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput PosternFuzzStsPolicy
#include "tests/fuzz/sts_policy_fuzz.cc"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput PosternFuzzEightBit
#include "tests/fuzz/eight_bit_fuzz.cc"
#undef LLVMFuzzerTestOneInput

namespace postern::mail {
namespace {

using FuzzTarget = int (*)(const std::uint8_t*, std::size_t);

int RunTarget(FuzzTarget target, std::string_view input) {
  return target(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

std::string Mutated(std::string text, base::Random& random) {
  static constexpr std::string_view kBytes("\0\r\n\t \"\\<>@.,:;=+?[]-_aA0\x7f\x80\xc3\xa9\xff",
                                           30);
  for (std::uint64_t changes = 1 + random.Below(4); changes > 0; --changes) {
    const std::size_t at = random.Below(text.size() + 1);
    const char byte = kBytes[random.Below(kBytes.size())];
    switch (random.Below(4)) {
      case 0:
        text.insert(at, 1, byte);
        break;
      case 1:
        text.erase(at, 1 + random.Below(3));
        break;
      case 2:
        text.insert(at, text.substr(random.Below(text.size() + 1), random.Below(20)));
        break;
      default:
        if (at < text.size()) text[at] = byte;
    }
  }
  return text;
}

// A broken property ends the process; each target returns 0 on what it could judge.
void Torment(FuzzTarget target, const std::vector<std::string>& corpus) {
  base::SeededRandom random(42);
  for (const std::string& input : corpus) {
    EXPECT_EQ(RunTarget(target, input), 0);
    std::string mutated = input;
    for (int round = 0; round < 300; ++round) {
      mutated = Mutated(round % 20 == 0 ? input : mutated, random);
      EXPECT_EQ(RunTarget(target, mutated), 0);
    }
  }
}

TEST(FuzzTargetsTest, AddressesHold) {
  Torment(PosternFuzzAddress,
          {"", "0", "0a@b",
           "1caf\xc3\xa9@b\xc3\xbc"
           "cher.test",
           "0\"a\\\"b>@\"@c.test", "0<a@b.test>", "0<@a.test,@b.test:c@d.test>", "0<>",
           "0<Postmaster>", "0a@[192.0.2.1]", "0a@[IPv6:::ffff:192.0.2.1]", "1xn--a@xn--.test",
           "0" + std::string(600, 'a') + "@b"});
}

TEST(FuzzTargetsTest, HeadersHold) {
  Torment(PosternFuzzHeader,
          {"", "\r\n", "\r\n\r\n", "A: b\r\n\r\nbody", "From a b\r\nDate: x\r\n\r\n",
           "text\r\n\r\nmore", "Subject: =?utf-8?Q?a=C3=A9?= =?iso-8859-1?B?6Q==?=\r\n\r\n",
           "Received: a\r\n b\r\nReceived: c\r\nMessage-ID: <a@b>\r\n\r\n", "A: b\r\n c", "A:\r",
           ":", " fold\r\nA: b\r\n\r\n", "Subject: =?=?=?=?=?=?utf-8?Q?\r\n\r\n"});
}

TEST(FuzzTargetsTest, EsmtpParametersHold) {
  Torment(PosternFuzzEsmtpParams,
          {"", "0", "0 SIZE=1 BODY=8BITMIME", "0 RET=FULL ENVID=a+2Bb SMTPUTF8 AUTH=<>",
           "1 NOTIFY=SUCCESS,FAILURE ORCPT=utf-8;caf\xc3\xa9@b", "0 NOTIFY=NEVER ORCPT=rfc822;a@b",
           "0 A=B=C", "0  =", "0 SIZE=99999999999999999999"});
}

TEST(FuzzTargetsTest, ContentHolds) {
  Torment(PosternFuzzContent, {"", "0", "\x01\r\n.\r\n",
                               "\x02"
                               "A: b\r\n\r\nbody\r\n",
                               "\x03"
                               "a\rb\nc\r\r\n\n\r",
                               "\x07"
                               "A: \xc3\xa9\r\n\r\n0123456789abcdef\xff\r\n",
                               std::string("\x05"
                                           "A\0b\r\n\r\n\0",
                                           9)});
}

TEST(FuzzTargetsTest, DownConversionHolds) {
  const std::string mixed =
      "Content-Type: multipart/mixed; boundary==C3=A9\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
      "pre\r\n--=C3=A9\r\n\r\n--\xc3\xa9\r\n--=C3=A9\r\nContent-Type: a/b\r\n\r\n\xff\r\n"
      "--=C3=A9--\r\n";
  Torment(PosternFuzzEightBit,
          {"", "A: b\r\n\r\n\xff", "\r\n\xc3\xa9 \r\n--a\r\n", mixed,
           "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: binary\r\n\r\n" + mixed,
           "Content-Type: multipart/signed; boundary=a\r\n\r\n--a\r\n\r\n\xff\r\n--a--",
           "Content-Transfer-Encoding: 8bit\r\n\r\n" + std::string(75, 'x') + "--=C3=A9\xff"});
}

TEST(FuzzTargetsTest, ImceaHolds) {
  Torment(PosternFuzzImcea, {"", "IMCEAFAX-+2B1555@a", "IMCEAEX-_o=x_cn=y@a.com", "IMCEA-@",
                             "IMCEAX-+00@a", "IMCEAX400-c=us+3Ba=+20+3Bs=Lee@a", "c=us;a= ;p=Org",
                             "/c=us/a=x/", "c=us;c=us", "a=;=;"});
}

TEST(FuzzTargetsTest, StsPoliciesHold) {
  Torment(PosternFuzzStsPolicy,
          {"", "v=STSv1; id=20160831085700Z;", "v=STSv1 ;\ta=b ; id=1 ; ",
           "version: STSv1\r\nmode: enforce\r\nmx: mail.a.test\r\nmx: *.b\xc3\xbc"
           "cher.test\r\nmax_age: 31557600\r\n",
           "version:STSv1\nmode:none\nmax_age:0",
           "x: y\nversion: STSv1\nmode: testing\nmx: *.A.\n"
           "max_age: 1\nmax_age: 2\n"});
}

}  // namespace
}  // namespace postern::mail
