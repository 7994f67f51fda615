"""tests/interop/eight_bit_test.py: what a host without 8BITMIME gets, read by Python's email."""

import email
import email.policy

from cases import Outbound, main, message
from wire import KEYWORDS, WireClient, WireSink

TEXT = "Gr\u00fc\u00dfe aus K\u00f6ln, =20 ist kein Leerzeichen.\r\n.\r\nFrom hier an\r\n"
PLAIN = ("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
         "Content-Transfer-Encoding: 8bit\r\n")
MIXED = ('MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n'
         "Content-Transfer-Encoding: 8bit\r\n")
PARTS = ("--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
         f"{TEXT}\r\n--b\r\nContent-Type: application/octet-stream\r\n"
         "Content-Transfer-Encoding: 8bit\r\n\r\n\u00e4\u00f6\u00fc\r\n--b--\r\n")


class EightBitTest(Outbound):
    def setUp(self):
        super().setUp()
        self.sink = self.started(WireSink(self.lab.free_port(), keywords=[
            word for word in KEYWORDS if word != "8BITMIME"]))
        self.outbound()
        self.to_host(self.sink.port)

    def taken(self, content):
        with WireClient(self.transport.smtp_port) as client:
            client.hello()
            for line in ("MAIL FROM:<a@sender.test> BODY=8BITMIME", "RCPT TO:<bob@contoso.test>"):
                self.assertEqual(client.say(line)[0], 250)
            client.say("DATA")
            client.send(content.replace(b"\r\n.\r\n", b"\r\n..\r\n") + b".\r\n")
            self.assertEqual(client.reply()[0], 250)
        wire = self.sink.wait_for(1, 15)[0]
        self.assertNotIn("BODY=8BITMIME", wire.sender)
        self.assertTrue(bytes(wire.data).isascii())
        return email.message_from_bytes(bytes(wire.data), policy=email.policy.default)

    def test_text_is_quoted_printable_and_reads_the_same(self):
        read = self.taken(message(body=TEXT, fields=PLAIN))
        self.assertEqual(read["Content-Transfer-Encoding"], "quoted-printable")
        self.assertEqual(read.get_content(), TEXT)

    def test_each_part_is_converted_on_its_own(self):
        read = self.taken(message(body=PARTS, fields=MIXED))
        text, other = read.iter_parts()
        self.assertEqual(text.get_content().strip(), TEXT.strip())
        self.assertEqual(other["Content-Transfer-Encoding"], "base64")
        self.assertEqual(other.get_content(), "\u00e4\u00f6\u00fc".encode())


class ProxiedEightBitTest(EightBitTest):
    proxied = True


if __name__ == "__main__":
    main()
