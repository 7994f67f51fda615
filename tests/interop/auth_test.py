"""tests/interop/auth_test.py: we log in to smart hosts or send nothing; no log has a secret."""

import base64

from cases import Outbound, main, send
from peers import AioSink, NameServer
from services import MailboxTransport

USER, PASSWORD, WRONG = "app@sender.test", "c0rrect-h0rse-battery", "wr0ng-h0rse"
NAME = "relay.contoso.test"


def forms(secret, user=USER):
    """How a secret may look in a log."""
    plain = f"\0{user}\0{secret}".encode()
    return [secret, base64.b64encode(secret.encode()).decode(), base64.b64encode(plain).decode()]


class AuthTest(Outbound):
    def smart_host(self, names=(NAME,), **more):
        """aiosmtpd, which takes nothing without AUTH; the name server knows it by NAME."""
        tls = self.lab.certificate(names[0], tuple(f"DNS:{name}" for name in names))
        self.sink = self.started(AioSink(self.lab.free_port(), tls=tls, users={USER: PASSWORD},
                                         **more))
        dns = self.started(NameServer(self.lab, hosts={NAME: "127.0.0.1"}))
        self.logs = self.lab.path / "protocol"
        self.outbound(dns_servers=[dns.address], tls_ca_file=self.lab.ca, log=self.logs,
                      secrets_path=self.lab.secret("relay", USER, PASSWORD))

    def by(self, mechanism, **spec):
        if mechanism.startswith("BasicAuth"):
            spec.setdefault("authenticationCredential", {"secretName": "relay"})
        self.to_host(self.sink.port, NAME, smartHostAuthMechanism=mechanism,
                     protocolLoggingLevel="Verbose", **spec)

    def no_secret_is_written(self, *secrets):
        """Neither in what the services print nor in the protocol log."""
        written = {process.name: process.text() for process in self.lab.processes
                   if "transport" in process.name}
        written |= {str(path): path.read_text() for path in self.logs.glob("*.log")}
        self.assertTrue(any(str(self.logs) in name for name in written))
        for name, text in written.items():
            for secret in secrets:
                for form in forms(secret):
                    self.assertNotIn(form, text, name)

    def check_login(self, mechanism, logged):
        self.smart_host(mechanisms=(mechanism,))
        self.by("BasicAuth")
        send(self.transport, "bob@contoso.test")
        envelope = self.sink.wait_for(1)[0]
        self.assertEqual((envelope.login, envelope.tls), (USER, True))
        self.assertEqual(self.sink.logins, [(mechanism, USER, True)])
        self.eventually(lambda: logged in self.protocol(), 5, "the protocol log")
        self.assertIn("<,235 2.7.0", self.protocol())
        self.no_secret_is_written(PASSWORD)

    def protocol(self):
        return "".join(path.read_text() for path in self.logs.glob("*.log"))

    # proves: AuthenticationCredential, SmartHostAuthMechanism
    def test_basic_auth_logs_in_by_plain(self):
        self.check_login("PLAIN", ">,AUTH PLAIN ****,")

    # proves: AuthenticationCredential, SmartHostAuthMechanism
    def test_basic_auth_logs_in_by_login(self):
        self.check_login("LOGIN", ">,****,")

    # proves: AuthenticationCredential
    def test_basic_auth_logs_in_by_cram_md5(self):
        self.check_login("CRAM-MD5", ">,****,")

    # proves: AuthenticationCredential
    def test_scram_proves_both_sides_also_without_tls(self):
        self.smart_host(mechanisms=("SCRAM-SHA-256", "PLAIN"), auth_require_tls=False)
        self.sink.rounds = 60_000
        self.by("BasicAuth", ignoreStartTls=True)
        send(self.transport, "bob@contoso.test")
        self.assertEqual(self.sink.wait_for(1)[0].login, USER)
        self.assertEqual(self.sink.logins, [("SCRAM-SHA-256", USER, True)])
        self.eventually(lambda: ">,AUTH SCRAM-SHA-256 ****," in self.protocol(), 5, "the log")
        self.no_secret_is_written(PASSWORD)

    # proves: AuthenticationCredential
    def test_a_host_that_does_not_know_the_password_gets_nothing(self):
        self.smart_host(mechanisms=("SCRAM-SHA-256", "PLAIN"))
        self.sink.server_key = b"another"
        self.by("BasicAuth")
        said = self.waits(self.transport, "bob@contoso.test")
        self.assertIn("broken off, the server does not know the password: 501", said)
        self.assertEqual({mechanism for mechanism, _, _ in self.sink.logins}, {"SCRAM-SHA-256"})
        self.assertEqual(self.sink.envelopes, [])

    # proves: AuthenticationCredential
    def test_a_token_logs_in_by_xoauth2_and_is_read_again(self):
        self.smart_host(mechanisms=("XOAUTH2", "PLAIN"), tokens={USER: "ya29.second"})
        self.lab.secret("relay", USER, token="ya29.first")
        self.by("BasicAuth")
        said = self.waits(self.transport, "bob@contoso.test")
        self.assertIn("authentication by XOAUTH2 is refused with status 400: 535 5.7.8", said)
        self.lab.secret("relay", USER, token="ya29.second")
        self.assertEqual(self.sink.wait_for(1)[0].login, USER)
        self.no_secret_is_written("ya29.first", "ya29.second")

    # proves: Port
    def test_a_port_of_tls_alone_begins_with_tls(self):
        port = self.lab.free_port()
        tls = self.lab.certificate(NAME, (f"DNS:{NAME}",))
        self.sink = self.started(AioSink(port, tls=tls, at_once=True, auth_require_tls=False,
                                         users={USER: PASSWORD}))
        dns = self.started(NameServer(self.lab, hosts={NAME: "127.0.0.1"}))
        self.outbound(dns_servers=[dns.address], tls_ca_file=self.lab.ca,
                      implicit_tls_ports=[str(port)],
                      secrets_path=self.lab.secret("relay", USER, PASSWORD))
        self.to_host(port, NAME, smartHostAuthMechanism="BasicAuthRequireTLS",
                     authenticationCredential={"secretName": "relay"})
        send(self.transport, "bob@contoso.test")
        envelope = self.sink.wait_for(1)[0]
        self.assertEqual((envelope.login, envelope.tls), (USER, True))

    # proves: SmartHostAuthMechanism
    def test_basic_auth_logs_in_without_tls_too(self):
        self.smart_host(auth_require_tls=False)
        self.by("BasicAuth", ignoreStartTls=True)
        send(self.transport, "bob@contoso.test")
        envelope = self.sink.wait_for(1)[0]
        self.assertEqual((envelope.login, envelope.tls), (USER, False))

    # proves: AuthenticationCredential
    def test_a_wrong_password_keeps_the_mail_until_it_is_right(self):
        self.smart_host()
        self.lab.secret("relay", USER, WRONG)
        self.by("BasicAuth")
        said = self.waits(self.transport, "bob@contoso.test")
        self.assertIn("454 4.7.8 relay.contoso.test: authentication by PLAIN is refused: 535 5.7.8",
                      said)
        self.assertEqual(self.sink.envelopes, [])
        self.no_secret_is_written(PASSWORD, WRONG)
        self.lab.secret("relay", USER, PASSWORD)
        self.assertEqual(self.sink.wait_for(1)[0].login, USER)
        self.no_secret_is_written(PASSWORD, WRONG)

    # proves: AuthenticationCredential
    def test_without_the_secret_nobody_is_asked_and_nothing_leaks(self):
        self.smart_host()
        self.by("BasicAuth", authenticationCredential={"secretName": "gone"})
        said = self.waits(self.transport, "bob@contoso.test")
        self.assertIn("454 4.7.0 secret gone: cannot read", said)
        self.assertEqual((self.sink.logins, self.sink.envelopes), ([], []))
        self.lab.secret("gone", USER, PASSWORD)
        self.assertEqual(self.sink.wait_for(1)[0].login, USER)

    # proves: SmartHostAuthMechanism
    def test_a_host_that_offers_no_auth_gets_nothing(self):
        self.smart_host(mechanisms=())
        self.by("BasicAuth")
        self.assertIn("authentication is required: the peer offers",
                      self.waits(self.transport, "bob@contoso.test"))
        self.assertEqual(self.sink.envelopes, [])

    # proves: SmartHostAuthMechanism
    def test_basic_auth_require_tls_wants_the_hosts_own_certificate(self):
        self.smart_host()
        self.by("BasicAuthRequireTLS")
        send(self.transport, "bob@contoso.test")
        self.assertEqual(self.sink.wait_for(1)[0].login, USER)

    # proves: SmartHostAuthMechanism
    def test_basic_auth_require_tls_tells_no_password_to_another_host(self):
        self.smart_host(names=("other.test",))
        self.by("BasicAuthRequireTLS")
        self.assertIn("looked for relay.contoso.test, the certificate is for other.test",
                      self.waits(self.transport, "bob@contoso.test"))
        self.assertEqual((self.sink.logins, self.sink.envelopes), ([], []))

    # proves: SmartHostAuthMechanism
    def test_a_changed_password_opens_new_sessions(self):
        self.smart_host()
        self.by("BasicAuth", smtpMaxMessagesPerConnection=0)
        for count in (1, 2):
            send(self.transport, "bob@contoso.test")
            self.sink.wait_for(count)
        self.assertEqual(len(self.sink.logins), 1)
        self.sink.users[USER] = "another-passw0rd"
        self.lab.secret("relay", USER, "another-passw0rd")
        self.eventually(lambda: self.send_and_count() > 1, 15, "a login with the new password")
        self.assertTrue(all(good for _, _, good in self.sink.logins))
        self.no_secret_is_written(PASSWORD, "another-passw0rd")

    def send_and_count(self):
        before = len(self.sink.envelopes)
        send(self.transport, "bob@contoso.test")
        self.sink.wait_for(before + 1)
        return len(self.sink.logins)

    def test_another_postern_lets_us_in(self):
        cert, key = self.lab.certificate(NAME, (f"DNS:{NAME}",))
        port, out = self.lab.free_port(), self.lab.free_port()
        other = MailboxTransport(self.lab, {
            "accept.certificate_file": str(cert), "accept.key_file": str(key),
            "accept.users_file": str(self.lab.users_file({USER: PASSWORD}))},
            name="mailbox-transport-1", listeners=[
                f"name=auth address=127.0.0.1:{port} tls=starttls auth=required"])
        self.sink = self.started(AioSink(out))
        dns = self.started(NameServer(self.lab, hosts={NAME: "127.0.0.1"}))
        self.outbound(dns_servers=[dns.address], tls_ca_file=self.lab.ca,
                      secrets_path=self.lab.secret("relay", USER, PASSWORD))
        self.lab.write_manifest("TransportServer", "mailbox-transport-1", {"site": "site-a"})
        self.lab.connector("last", ["*.test"], dnsRoutingEnabled=False, smartHosts=["[127.0.0.1]"],
                           port=out, sourceTransportServers=["mailbox-transport-1"])
        self.to_host(port, NAME, smartHostAuthMechanism="BasicAuthRequireTLS",
                     sourceTransportServers=["mailbox-transport-0"],
                     authenticationCredential={"secretName": "relay"})
        other.start()
        send(self.transport, "bob@contoso.test")
        self.assertIn(b"with ESMTPSA", self.sink.wait_for(1)[0].original_content)


class ProxiedAuthTest(AuthTest):
    proxied = True


if __name__ == "__main__":
    main()
