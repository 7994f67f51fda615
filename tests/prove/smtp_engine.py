"""tests/prove/smtp_engine.py: the SMTP client under both ways: hostile and real servers, TLS."""

import pathlib
import re
import sys
import tempfile

sys.dont_write_bytecode = True

from claims import BUILD, ROOT, Claim, Skip, command, interop, main, require, unit  # noqa: E402

# (claim, tests/interop/<file>_test.py, what its lines with figures have in them)
TESTS = [
    ("a hostile server at each step, direct: each verdict, time and memory bounded",
     ("hostile", "HostileTest"), "cases direct"),
    ("a hostile server through the front end: the same",
     ("hostile", "ProxiedHostileTest"), "cases proxied"),
    ("servers that talk without end, faster than we read: left at the reply timeout",
     ("hostile", "FloodTest"), "floods"),
    ("smuggling, in: nothing but CRLF.CRLF ends the content",
     ("smuggling", "InTest"), "^  in:"),
    ("smuggling, out: no real server makes two messages of one",
     ("smuggling", "OutTest", "ProxiedOutTest"), "^  (direct|proxied|[0-9]+) "),
    ("Postfix, Exim, OpenSMTPD and aiosmtpd take every kind of mail, both ways",
     ("servers",), "^  (direct|proxied|left|without) "),
    ("each bad certificate at each level of a connector, both ways",
     ("certificates",), "^  (direct|proxied) "),
    ("TLS levels, TlsDomain, our certificates, Domain Security, both ways", ("tls",), ""),
    ("logins at smart hosts, both ways", ("auth",), ""),
    ("hosts by MX, null MX, no address, SERVFAIL, both ways", ("mx",), ""),
    ("malformed SMTP from a client is answered", ("bad_smtp",), ""),
    ("DANE: records and certificates of each kind, signed zones, both ways", ("dane",),
     "^    [a-z-]+ +(taken|4)"),
    ("posttls-finger says of each row of DANE what Postern says", ("posttls",), "^  "),
    ("MTA-STS: modes, cache, patterns, both ways", ("sts",), ""),
    ("REQUIRETLS from the client to the next hop; TLS-Required: No lifts a domain's policy",
     ("requiretls",), "^  (direct|proxied|relayed)"),
    ("8-bit content and SMTPUTF8 at peers without them", ("eight_bit",), ""),
    ("IPv6 and IPv4 side by side: a dead family costs a moment, once", ("families",),
     "^  (direct|proxied) "),
]


PAGES = ("tls-states", "policy-states", "dane-states", "sts-states", "family-states")


def state_tables():
    """Each row of the pages is run, and the pages that stand in the documentation are these."""
    binary = BUILD / "tests" / "postern_common_smtp_test"
    if not binary.exists():
        raise Skip(f"{binary} is not built")
    with tempfile.TemporaryDirectory() as folder:
        command(binary, "--gtest_filter=*.*StateTable*", POSTERN_TABLES=folder)
        made = {name: (pathlib.Path(folder) / f"{name}.md").read_text() for name in PAGES}
    wrong = [name for name, text in made.items()
             if (ROOT / "docs" / "generated" / f"{name}.md").read_text() != text]
    rows = {name: len(re.findall(r"^\|", text, re.MULTILINE)) - 2 for name, text in made.items()}
    return require(not wrong, f"docs/generated differs: {', '.join(wrong)}" if wrong else
                   ", ".join(f"{name} {count} rows" for name, count in rows.items()))


def bench(times=1):
    """Only with --long: it measures nothing while others use the machine."""
    if times == 1:
        raise Skip("needs --long: bench/relay beside Postfix, about five minutes")
    _, said = command("bench/relay", "--rounds", 3, "--messages", 8000, seconds=900)
    table = [line for line in said.splitlines() if line.strip()]
    return require(len(table) > 3, "\n".join(table[-12:]))


CLAIMS = [
    Claim("the state tables of TLS, DANE, MTA-STS and families: each row is run", state_tables),
    *(Claim(title, interop(*test, told=told)) for title, test, told in TESTS),
    Claim("replies, sessions, attempts and the pool of sessions, in memory",
          unit("common_smtp", "*", 100, "tests")),
    Claim("messages a second, direct and proxied, beside Postfix", bench, 2),
]


if __name__ == "__main__":
    sys.exit(main("smtp-engine", CLAIMS, "the benchmark beside Postfix"))
