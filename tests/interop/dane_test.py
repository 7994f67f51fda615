"""tests/interop/dane_test.py: TLSA records in zones that Knot signs and Unbound validates, and
servers whose certificates fit them or do not."""

from cases import main
from dane_world import ROWS, DaneWorld
from harness import wait_until
from services import Shell
from tls_report import entries, wait_for_sessions

# kind: the sessions that a report must have; those of TLSA records are told by the host.
REPORTED = {
    "ee-key": {("tlsa", "successful")},
    "ee-other": {("tlsa", "validation-failure")},
    "clear": {("tlsa", "starttls-not-supported")},
    "unusable": {("tlsa", "tlsa-invalid")},
    "bogus": {("tlsa", "dnssec-invalid")},
    "no-records": {("no-policy-found", "successful")},
    "no-records-clear": {("no-policy-found", "starttls-not-supported")},
}


class DaneTest(DaneWorld):
    def test_the_records_decide(self):
        self.world(ROWS)
        self.connector()
        verdicts = self.verdicts_of(self.domains, self.sinks, 40)
        print(f"\n  DANE{' (proxied)' if self.proxied else ''}")
        for kind, verdict in verdicts.items():
            print(f"    {kind:<18} {verdict[:120]}")
        for kind, row in ROWS.items():
            with self.subTest(kind):
                self.assertTrue(verdicts[kind].startswith(row[3]), verdicts[kind])
                if verdicts[kind] != "taken":
                    self.assertEqual(len(self.sinks[kind].messages), 0)

    def test_the_sessions_are_counted_and_shown(self):
        self.world({kind: ROWS[kind] for kind in REPORTED})
        self.connector()
        self.verdicts_of(self.domains, self.sinks, 40)
        shell = Shell(self.lab, self.transport)
        for kind, expected in REPORTED.items():
            by_host = ("tlsa" in {policy for policy, _ in expected})
            domain = f"mx.{self.domains[kind]}" if by_host else self.domains[kind]
            with self.subTest(kind):
                wait_for_sessions(shell, domain, expected)
        good, = entries(shell, f"mx.{self.domains['ee-key']}")
        self.assertRegex(good["policy"]["policy-string"][0], "^3 1 1 [0-9a-f]{64}$")
        self.assertGreaterEqual(self.transport.metrics().total(
            "postern_deliver_tls_sessions_total", policy="tlsa", result="validation-failure"), 1)

    def test_ignore_starttls_waits_unless_the_override_is_allowed(self):
        rows = {kind: ROWS[kind] for kind in ("ee-key", "no-records")}
        self.world(rows)
        self.connector(ignoreStartTls=True)
        verdicts = self.verdicts_of(self.domains, self.sinks, 40)
        self.assertEqual(verdicts["no-records"], "taken")
        self.assertIn("AllowPolicyOverride", verdicts["ee-key"])
        # proved below: the same mail goes once the connector allows it
        self.connector(ignoreStartTls=True, allowPolicyOverride=True)
        wait_until(lambda: self.sinks["ee-key"].messages, 20, "the mail to go in clear")
        self.assertFalse(self.sinks["ee-key"].messages[0].tls)

    # proves: AllowPolicyOverride
    def test_allow_policy_override(self):
        self.world({"ee-other": ROWS["ee-other"]})
        self.connector(ignoreStartTls=True, allowPolicyOverride=True)
        self.arrives(self.sinks["ee-other"], "bob@ee-other.example.test")

    def test_dane_can_be_switched_off(self):
        self.world({"ee-other": ROWS["ee-other"]}, speaker={"security.dane": False})
        self.connector()
        self.arrives(self.sinks["ee-other"], "bob@ee-other.example.test")


class ProxiedDaneTest(DaneTest):
    proxied = True


if __name__ == "__main__":
    main()
