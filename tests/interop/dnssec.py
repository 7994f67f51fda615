"""tests/interop/dnssec.py

SignedZones: zones that Knot signs, and Unbound, which validates them: a resolver whose AD bit
means something.

Flow      zones = SignedZones(lab); zones.mx("example.test", (10, "mx.example.test"));
          zones.a("mx.example.test", "127.0.0.21"); zones.start(); zones.address is the resolver.
          python3 tests/interop/dnssec.py shows what the three kinds of zones answer.
Failure   AssertionError or RuntimeError with the words of the program that is to blame.
Limits    Loopback and temporary folders only. Answers have a TTL of a second and the resolver
          keeps none, so what is added after the start is seen at once.
See       RFC 4035; peers.py NameServer for zones without signatures

Three kinds of zones: `signed` ones are secure; `plain` ones are insecure, as no trust anchor lies
above them; `broken` ones have a trust anchor, and signatures that are wrong in every record: the
resolver answers SERVFAIL. For a single wrong record in a secure zone, let it be an alias of a name
in a broken zone.
"""

import base64
import hashlib
import re
import subprocess

from harness import Lab, Process, wait_until
from peers import tool

TTL = 1
SOA = f"ns hostmaster 1 3600 900 86400 {TTL}"

KNOT = """\
server:
    rundir: "{folder}"
    listen: 127.0.0.1@{port}
control:
    listen: "{folder}/knot.sock"
log:
  - target: stderr
    any: notice
database:
    storage: "{folder}/db"
policy:
  - id: quick
    algorithm: ecdsap256sha256
    single-type-signing: on
    cds-cdnskey-publish: none
    dnskey-ttl: {ttl}
    zone-max-ttl: {ttl}
template:
  - id: default
    storage: "{folder}"
    file: "%s.zone"
    zonefile-sync: -1
    journal-content: none
    zonefile-load: whole
  - id: signed
    storage: "{folder}"
    file: "%s.zone"
    zonefile-sync: -1
    journal-content: all
    zonefile-load: difference-no-serial
    dnssec-signing: on
    dnssec-policy: quick
zone:
{zones}"""

UNBOUND = """\
server:
    interface: {host}
    access-control: {host}/8 allow
    port: {port}
    do-ip6: no
    do-daemonize: no
    num-threads: 1
    username: ""
    chroot: ""
    directory: "{folder}"
    pidfile: ""
    use-syslog: no
    logfile: ""
    module-config: "validator iterator"
    do-not-query-localhost: no
    local-zone: "test." nodefault
    cache-max-ttl: 0
    cache-max-negative-ttl: 0
    val-bogus-ttl: 0
    val-log-level: 2
{anchors}
remote-control:
    control-enable: no
{stubs}"""


def _run(*words, **more):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True,
                          timeout=30, **more)
    assert done.returncode == 0, f"{' '.join(map(str, words))}: {done.stdout}{done.stderr}"
    return done.stdout


def tlsa_data(certificate, selector, matching):
    """The last field of a TLSA record about the first certificate of a PEM file."""
    if selector == 0:
        pem = _run("openssl", "x509", "-in", certificate)
    else:
        pem = _run("openssl", "x509", "-in", certificate, "-noout", "-pubkey")
    body = base64.b64decode("".join(pem.strip().splitlines()[1:-1]))
    if matching == 0:
        return body.hex()
    return hashlib.new({1: "sha256", 2: "sha512"}[matching], body).hexdigest()


class SignedZones:
    def __init__(self, lab, signed=("example.test",), plain=("plain.test",),
                 broken=("bogus.test",), port=None, host="127.0.0.1"):
        self.lab, self.host = lab, host
        self.signed, self.plain, self.broken = list(signed), list(plain), list(broken)
        self.folder = lab.path / f"zones-{lab.next_number()}"
        (self.folder / "db").mkdir(parents=True)
        self.knot_port, self.port = lab.free_port(), port or lab.free_port()
        self._records = {zone: [("", "SOA", SOA), ("", "NS", "ns"), ("ns", "A", "127.0.0.1")]
                         for zone in (*self.signed, *self.plain, *self.broken)}
        self._knot = self._unbound = None

    @property
    def address(self):
        """The validating resolver, as a setting names it."""
        return f"{self.host}:{self.port}"

    # Records

    def add(self, name, kind, data):
        """One record; names in `data` are whole. After the start it is seen at once, but in a
        broken zone it has no signature at all, which is as wrong."""
        zone, owner = self._place(name)
        if kind in ("MX", "CNAME"):
            data += "."
        self._records[zone].append((owner, kind, data))
        if self._knot:
            self._change(zone, "zone-set", owner or "@", str(TTL), kind, data)

    def remove(self, name, kind):
        """Every record of this kind."""
        zone, owner = self._place(name)
        self._records[zone] = [record for record in self._records[zone]
                               if record[:2] != (owner, kind)]
        if self._knot:
            self._change(zone, "zone-unset", owner or "@", kind)

    def replace(self, name, kind, *values):
        """From all records of this kind to these, in one step."""
        zone, owner = self._place(name)
        had = any(record[:2] == (owner, kind) for record in self._records[zone])
        self._records[zone] = [record for record in self._records[zone]
                               if record[:2] != (owner, kind)]
        self._records[zone] += [(owner, kind, value) for value in values]
        changes = [("zone-unset", zone, owner or "@", kind)] if had else []
        changes += [("zone-set", zone, owner or "@", str(TTL), kind, value) for value in values]
        if self._knot and changes:
            self._knotc("zone-begin", zone)
            for words in changes:
                self._knotc(*words)
            self._knotc("zone-commit", zone)

    def mx(self, domain, *exchangers):
        for preference, host in exchangers:
            self.add(domain, "MX", f"{preference} {host}")

    def a(self, host, *addresses):
        for address in addresses:
            self.add(host, "A", address)

    def aaaa(self, host, *addresses):
        for address in addresses:
            self.add(host, "AAAA", address)

    def cname(self, alias, target):
        self.add(alias, "CNAME", target)

    def txt(self, name, text):
        self.add(name, "TXT", f'"{text}"')

    def tlsa(self, host, usage, selector, matching, data, port=25):
        self.add(f"_{port}._tcp.{host}", "TLSA", f"{usage} {selector} {matching} {data}")

    def tlsa_of(self, host, certificate, usage=3, selector=1, matching=1, port=25):
        """The record that `certificate`, a PEM file, fits."""
        self.tlsa(host, usage, selector, matching, tlsa_data(certificate, selector, matching),
                  port)

    # Running

    def start(self):
        for zone, records in self._records.items():
            lines = [f"$ORIGIN {zone}.", f"$TTL {TTL}"]
            lines += [f"{owner or '@'} {kind} {data}" for owner, kind, data in records]
            self._write_zone(zone, lines)
        self._configure_knot(self.signed + self.broken)
        self._knot = Process(self.lab, "knotd",
                             [tool("knotd"), "-c", self.folder / "knot.conf"])
        wait_until(self._loaded, 10, "knotd to have its zones")
        anchors = [line.strip() for zone in self.signed + self.broken
                   for line in self._keymgr(zone, "ds").splitlines() if line.strip()]
        self._break()
        self._start_unbound(anchors)
        return self

    def stop(self):
        for process in (self._unbound, self._knot):
            if process:
                process.stop()

    def ask(self, name, kind="A"):
        """What the resolver says: (code, whether it vouches for it, the data)."""
        text = _run(tool("kdig"), f"@{self.host}", "-p", self.port, "+adflag", "+timeout=5",
                    "+retry=1", name, kind)
        code = re.search(r"status: (\w+)", text).group(1)
        flags = re.search(r"Flags: ([^;]*);", text).group(1).split()
        answers = re.search(r";; ANSWER SECTION:\n(.*?)(?:\n\n|\Z)", text, re.DOTALL)
        lines = answers.group(1).splitlines() if answers else []
        data = [" ".join(line.split()[4:]) for line in lines if line.split()[3] == kind]
        return code, "ad" in flags, data

    def _place(self, name):
        name = name.rstrip(".")
        for zone in sorted(self._records, key=len, reverse=True):
            if name == zone:
                return zone, ""
            if name.endswith("." + zone):
                return zone, name[:-len(zone) - 1]
        raise RuntimeError(f"{name} is in none of the zones {', '.join(self._records)}")

    def _write_zone(self, zone, lines):
        (self.folder / f"{zone}.zone").write_text("\n".join(lines) + "\n")

    def _configure_knot(self, signed):
        zones = "".join(f"  - domain: {zone}\n" +
                        ("    template: signed\n" if zone in signed else "")
                        for zone in self._records)
        (self.folder / "knot.conf").write_text(
            KNOT.format(folder=self.folder, port=self.knot_port, ttl=TTL, zones=zones))

    def _knotc(self, *words):
        return _run(tool("knotc"), "-s", self.folder / "knot.sock", *words)

    def _keymgr(self, *words):
        return _run(tool("keymgr"), "-c", self.folder / "knot.conf", *words)

    def _change(self, zone, *words):
        self._knotc("zone-begin", zone)
        self._knotc(words[0], zone, *words[1:])
        self._knotc("zone-commit", zone)

    def _lines_of(self, zone):
        """The zone as it is served, signatures included."""
        return [line.split("] ", 1)[1] for line in self._knotc("zone-read", zone).splitlines()
                if "] " in line]

    def _loaded(self):
        assert self._knot.alive(), self._knot.tail()
        try:
            return (all(" SOA " in "\n".join(self._lines_of(zone)) for zone in self._records) and
                    all(" RRSIG SOA " in "\n".join(self._lines_of(zone))
                        for zone in self.signed + self.broken))
        except AssertionError:
            return False

    def _break(self):
        """Serves the broken zones as they were signed, but for a byte of each signature."""
        for zone in self.broken:
            self._write_zone(zone, [self._spoilt(line) for line in self._lines_of(zone)])
        self._configure_knot(self.signed)
        self._knotc("reload")
        for zone in self.broken:
            wait_until(lambda: " RRSIG SOA " in "\n".join(self._lines_of(zone)), 10,
                       f"{zone} with its wrong signatures")

    @staticmethod
    def _spoilt(line):
        if line.split()[2] != "RRSIG":
            return line
        words = line.split()
        body = bytearray(base64.b64decode("".join(words[11:])))
        body[7] ^= 1
        return " ".join([*words[:11], base64.b64encode(body).decode()])

    def _start_unbound(self, anchors):
        lines = "".join(f'    trust-anchor: "{anchor}"\n' for anchor in anchors)
        stubs = "".join(f'stub-zone:\n    name: "{zone}."\n'
                        f"    stub-addr: 127.0.0.1@{self.knot_port}\n" for zone in self._records)
        path = self.folder / "unbound.conf"
        path.write_text(UNBOUND.format(folder=self.folder, host=self.host, port=self.port,
                                       anchors=lines, stubs=stubs))
        self._unbound = Process(self.lab, "unbound", [tool("unbound"), "-d", "-p", "-c", path])

        def answers():
            assert self._unbound.alive(), self._unbound.tail()
            try:
                return self.ask(next(iter(self._records)), "SOA")[0] == "NOERROR"
            except (AssertionError, AttributeError):
                return False
        wait_until(answers, 15, "unbound to answer")


def main():
    with Lab() as lab:
        zones = SignedZones(lab)
        certificate, _ = lab.certificate("mx.example.test", ("DNS:mx.example.test",))
        for domain in ("example.test", "plain.test", "bogus.test"):
            zones.mx(domain, (10, f"mx.{domain}"))
            zones.a(f"mx.{domain}", "127.0.0.21")
            zones.tlsa_of(f"mx.{domain}", certificate)
        zones.start()
        zones.cname("alias.example.test", "mx.plain.test")
        zones.cname("_25._tcp.half.example.test", "_25._tcp.mx.bogus.test")
        failed = []
        for name, kind, code, vouched in (
                ("example.test", "MX", "NOERROR", True),
                ("mx.example.test", "A", "NOERROR", True),
                ("_25._tcp.mx.example.test", "TLSA", "NOERROR", True),
                ("mx.example.test", "AAAA", "NOERROR", True),
                ("missing.example.test", "A", "NXDOMAIN", True),
                ("alias.example.test", "A", "NOERROR", False),
                ("_25._tcp.half.example.test", "TLSA", "SERVFAIL", False),
                ("plain.test", "MX", "NOERROR", False),
                ("_25._tcp.mx.plain.test", "TLSA", "NOERROR", False),
                ("missing.plain.test", "A", "NXDOMAIN", False),
                ("bogus.test", "MX", "SERVFAIL", False),
                ("_25._tcp.mx.bogus.test", "TLSA", "SERVFAIL", False),
                ("missing.bogus.test", "A", "SERVFAIL", False)):
            said = zones.ask(name, kind)
            good = said[:2] == (code, vouched)
            failed += [] if good else [name]
            print(f"{'ok  ' if good else 'FAIL'} {kind:4} {name:27} {said[0]:8} "
                  f"ad={int(said[1])} {' '.join(said[2])[:40]}")
        zones.remove("_25._tcp.mx.example.test", "TLSA")
        said = zones.ask("_25._tcp.mx.example.test", "TLSA")
        print(f"{'ok  ' if said[2] == [] else 'FAIL'} TLSA removed: {said}")
        if failed or said[2]:
            raise SystemExit(f"not as it should be: {failed}\n{lab.tails()}")


if __name__ == "__main__":
    main()
