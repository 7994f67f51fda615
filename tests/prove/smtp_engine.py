"""tests/prove/smtp_engine.py: the SMTP client under both ways: hostile and real servers, TLS."""

import sys

sys.dont_write_bytecode = True

from claims import Claim, Skip, command, interop, main, require, unit  # noqa: E402

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
    ("DANE: the state table, beside posttls-finger", ("dane",), ""),
    ("MTA-STS: modes, cache, patterns, both ways", ("sts",), ""),
    ("REQUIRETLS and TLS-Required: No", ("requiretls",), ""),
    ("8-bit content and SMTPUTF8 at peers without them", ("eight_bit",), ""),
    ("IPv6 and IPv4 side by side", ("families",), ""),
]


def bench(times=1):
    """Only with --long: it measures nothing while others use the machine."""
    if times == 1:
        raise Skip("needs --long: bench/relay beside Postfix, about five minutes")
    _, said = command("bench/relay", "--rounds", 3, "--messages", 8000, seconds=900)
    table = [line for line in said.splitlines() if line.strip()]
    return require(len(table) > 3, "\n".join(table[-12:]))


CLAIMS = [
    *(Claim(title, interop(*test, told=told)) for title, test, told in TESTS),
    Claim("replies, sessions, attempts and the pool of sessions, in memory",
          unit("common_smtp", "*", 100, "tests")),
    Claim("messages a second, direct and proxied, beside Postfix", bench, 2),
]


if __name__ == "__main__":
    sys.exit(main("smtp-engine", CLAIMS, "the benchmark beside Postfix"))
