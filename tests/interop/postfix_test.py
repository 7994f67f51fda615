"""tests/interop/postfix_test.py: Postfix takes our mail. It starts only as root."""

from cases import Case, main, message, send
from postfix_peer import Postfix


class PostfixTest(Case):
    def check(self, tls, front_end=None, **spec):
        postfix = self.started(Postfix(self.lab, self.lab.free_port(), tls=tls))
        self.to_smart_host(postfix.port, front_end=front_end, **spec)
        mailbox = self.mailbox()
        send(mailbox, "bob@postfix.test", message(body=".a dot\r\n..two\r\n"), count=30)
        letters = postfix.wait_for(30)
        self.assertEqual(len(letters), 30)
        self.assertIn(b"\n\n.a dot\n..two\n", letters[0])
        self.assertEqual(b"with ESMTPS" in letters[0].split(b"by mailbox-transport-0")[0],
                         tls != "none")
        mailbox.wait_empty()
        self.assertEqual(mailbox.delivered(), 30)

    def test_postfix_takes_mail_after_starttls(self):
        self.check("may")

    def test_postfix_takes_mail_in_plain_text(self):
        self.check("none")

    def test_postfix_takes_mail_that_must_be_encrypted_through_the_front_end(self):
        self.check("encrypt", self.frontend())


if __name__ == "__main__":
    main()
