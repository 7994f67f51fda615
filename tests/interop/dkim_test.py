"""tests/interop/dkim_test.py: a signed message verifies at the sink, directly and proxied."""

import base64
import subprocess

import dkim

from cases import Case, main
from wire import WireClient, WireSink

# Every way in which a relay is tempted to tidy: case, folding, tabs, trailing blanks, dots, 8 bits.
LETTER = (
    b"From: \"A. Lice\" <alice@sender.test>\r\n"
    b"to:  bob@contoso.test\r\n"
    b"SUBJECT: =?utf-8?q?gr=C3=BC=C3=9Fe?=\r\n folded with a blank\r\n\tand a tab  \r\n"
    b"Date: Mon, 23 Nov 2026 10:00:00 +0000\r\n"
    b"Message-id: <one@sender.test>\r\n"
    b"X-Long: " + b"y" * 900 + b"\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: 8bit\r\n"
    b"\r\n"
    b".a dot at the start\r\n..two\r\n.\r\n trailing blanks   \r\n\ttab\t\r\n"
    b"gr\xc3\xbc\xc3\x9fe, 8 bits\r\n" + b"z" * 997 + b"\r\n\r\n\r\n")


class DkimTest(Case):
    def setUp(self):
        super().setUp()
        key = self.lab.path / "dkim.key"
        subprocess.run(["openssl", "genrsa", "-traditional", "-out", key, "2048"], check=True,
                       capture_output=True, timeout=30)
        public = subprocess.run(["openssl", "rsa", "-in", key, "-pubout", "-outform", "DER"],
                                check=True, capture_output=True, timeout=30).stdout
        self.record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)
        self.key = key.read_bytes()
        self.sink = self.started(WireSink(self.lab.free_port()))

    def signed(self, content, canonicalize):
        signature = dkim.sign(content, b"s1", b"sender.test", self.key, canonicalize=canonicalize)
        return signature + content

    def verifies(self, content):
        return dkim.verify(content, dnsfunc=lambda name, timeout=5: self.record
                           if name == b"s1._domainkey.sender.test." else None)

    def check(self, mailbox, big):
        simple = (b"simple", b"simple")
        letters = [self.signed(LETTER, simple), self.signed(LETTER, (b"relaxed", b"relaxed")),
                   self.signed(LETTER + b"line of a large message\r\n" * big, simple)]
        with WireClient(mailbox.smtp_port) as client:
            client.hello()
            for number, letter in enumerate(letters):
                code, text = client.deliver("alice@sender.test", ["bob@contoso.test"], letter,
                                            " BODY=8BITMIME")
                self.assertEqual(code, 250, text)
                taken = bytes(self.sink.wait_for(number + 1)[number].data)
                received, rest = taken[:-len(letter)], taken[-len(letter):]
                self.assertEqual(rest, letter, "every byte behind the Received field is as it was")
                self.assertRegex(received, rb"^Received: [^\0]*\r\n$")
                self.assertEqual(received.count(b"Received:"), 1)
                self.assertTrue(self.verifies(taken))
        self.assertFalse(self.verifies(taken.replace(b"8 bits", b"9 bits")), "the check can fail")

    def test_directly(self):
        self.to_smart_host(self.sink.port)
        self.check(self.mailbox(), 100000)

    def test_through_the_front_end(self):
        self.to_smart_host(self.sink.port, front_end=self.frontend())
        self.check(self.mailbox(), 100000)

    def test_in_chunks_to_a_peer_that_takes_chunks(self):
        self.sink.keywords.append("CHUNKING")
        self.to_smart_host(self.sink.port)
        self.check(self.mailbox(), 100000)
        self.assertEqual([taken.chunked for taken in self.sink.messages], [True, True, False])


if __name__ == "__main__":
    main()
