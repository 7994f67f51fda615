"""tests/interop/posttls_test.py: Postfix's posttls-finger beside Postern, on every row of DANE.

posttls-finger asks the name servers of /etc/resolv.conf and connects to port 25, so all of it runs
in namespaces of its own. It sends no mail, and says nothing at all of a host that does not offer
STARTTLS. So its verdict is read from two runs. At level dane-only it tells what the TLSA records
are: usable, unusable ("no usable TLSA records found"), none ("no TLSA records found") or an error.
At level dane, which is what Postern does, it tells the session: verified, not verified, or none.
Then, as Postfix's smtp(8) has it:

    records     verified   not verified   no session
    usable      taken      waits          waits
    unusable    taken      taken          waits        (TLS without proof)
    none        taken      taken          taken        (TLS if offered)
    error       waits      waits          waits

The level dane-only is another policy: mail goes by DANE or not at all. Postern has no such level,
so there it differs, in the rows of STRICTER and nowhere else.
"""

import concurrent.futures
import os
import subprocess

from cases import main
from dane_world import ROWS, DaneWorld
from namespaces import apart, resolv_conf
from peers import tool

TAKEN, WAITS = "taken", "waits"
TABLE = {
    "usable": {"verified": TAKEN, "not verified": WAITS, "no session": WAITS},
    "unusable": {"verified": TAKEN, "not verified": TAKEN, "no session": WAITS},
    "none": {"verified": TAKEN, "not verified": TAKEN, "no session": TAKEN},
    "error": {"verified": WAITS, "not verified": WAITS, "no session": WAITS},
}
NO_PROOF = "dane-only wants a proof, and without usable records that of an authority (secure)"
# Where mail that Postern sends waits at level dane-only, and why.
STRICTER = {
    "unusable": NO_PROOF + "; RFC 7672 section 2.2 wants TLS alone here",
    "no-records": NO_PROOF + "; a domain without records has asked for nothing",
    "no-records-clear": NO_PROOF + "; a domain without records has asked for nothing",
    "not-signed": NO_PROOF + "; records that DNSSEC does not vouch for are none, for both",
}


def records_of(said):
    """What the records are, by what is said at level dane-only."""
    if "TLSA lookup error" in said:
        return "error"
    if "no usable TLSA records found" in said:
        return "unusable"
    return "none" if "no TLSA records found" in said else "usable"


def session_of(said):
    if "Verified TLS connection established" in said:
        return "verified"
    return "not verified" if "TLS connection established" in said else "no session"


class PosttlsTest(DaneWorld):
    mx_port, resolver_port = 25, 53

    def setUp(self):
        super().setUp()
        resolv_conf(self.lab, "127.0.0.1")
        self.folder = self.lab.path / "postfix"
        self.folder.mkdir()
        (self.folder / "main.cf").write_text(
            "compatibility_level = 3.6\ninet_protocols = ipv4\ndnssec_probe =\n")

    def finger(self, domain, level):
        """What posttls-finger says of a domain."""
        done = subprocess.run(
            [tool("posttls-finger"), "-c", "-t", "10", "-l", level, "-P", "/etc/ssl/certs", domain],
            capture_output=True, text=True, timeout=60,
            env={**os.environ, "MAIL_CONFIG": str(self.folder)})
        said = done.stdout + done.stderr
        self.assertNotIn("fatal", said)
        if "TLSA lookup error" not in said:
            self.assertNotIn("Failed to establish session", said)
        return said

    def opinions(self):
        """{kind: (records, session, verdict at dane, verdict at dane-only)}"""
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            runs = {(kind, level): pool.submit(self.finger, domain, level)
                    for kind, domain in self.domains.items() for level in ("dane", "dane-only")}
        opinions = {}
        for kind in self.domains:
            only = runs[kind, "dane-only"].result()
            records, session = records_of(only), session_of(runs[kind, "dane"].result())
            opinions[kind] = (records, session, TABLE[records][session],
                              TAKEN if session_of(only) == "verified" else WAITS)
        return opinions

    def test_both_say_the_same_of_each_row(self):
        self.world(ROWS)
        self.connector()
        verdicts = {kind: TAKEN if said == TAKEN else WAITS for kind, said in
                    self.verdicts_of(self.domains, self.sinks, 40).items()}
        print(f"\n  {'case':<18}{'Postern':<9}{'posttls-finger: dane':<22}{'dane-only':<11}"
              f"{'records, session':<26}")
        stricter, agreed = set(), 0
        for kind, (records, session, dane, only) in self.opinions().items():
            print(f"  {kind:<18}{verdicts[kind]:<9}{dane:<22}{only:<11}"
                  f"{records + ', ' + session:<26}", flush=True)
            with self.subTest(kind):
                agreed += dane == verdicts[kind]
                self.assertEqual(dane, verdicts[kind])
                self.assertEqual(verdicts[kind], TAKEN if ROWS[kind][3] == TAKEN else WAITS)
            if only != verdicts[kind]:
                stricter.add(kind)
                print(f"  {'':<18}dane-only waits: {STRICTER.get(kind)}", flush=True)
        self.assertEqual(stricter, set(STRICTER))
        print(f"  posttls-finger agrees on {agreed} of {len(ROWS)} rows at level dane")


if __name__ == "__main__":
    apart()
    main()
