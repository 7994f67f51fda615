"""tests/interop/howto_test.py: the commands of docs/how-to, run as they stand.

A block ```bash is run; a block ```text after it must be found in its output, line by line in this
order, where "…" stands for anything. /etc/postern is the lab's folder.
"""

import os
import pathlib
import re
import subprocess

from cases import Case, main
from harness import ROOT, binary
from peers import NameServer
from services import Shell
from wire import WireSink

PAGES = ROOT / "docs" / "how-to"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MX, RELAY, SILENT = "127.0.0.21", "127.0.0.22", "127.0.0.23"  # nobody listens on the last one


def blocks(page):
    """(kind, text, line) of each fenced block."""
    text = (PAGES / page).read_text()
    return [(found.group(1), found.group(2), text.count("\n", 0, found.start()) + 1)
            for found in BLOCK.finditer(text)]


def pattern_of(line):
    return re.compile(r"\s*".join(
        ".*?".join(re.escape(part) for part in word.split("…")) for word in line.split()))


class HowtoTest(Case):
    def setUp(self):
        super().setUp()
        (self.lab.path / "etc").mkdir()
        (self.lab.path / "bin").mkdir()
        os.symlink(binary("postern"), self.lab.path / "bin" / "postern")

    def world(self, **sinks):
        """A name server, the sinks and one mailbox-transport in the site main."""
        self.port = self.lab.free_port()
        names = NameServer(self.lab, {"fabrikam.com": [(10, "mx1.fabrikam.com")],
                                      "silent.example": [(10, "mx.silent.example")]},
                           {"mx1.fabrikam.com": MX, "relay.isp.example": RELAY,
                            "mx.silent.example": SILENT}).start()
        self.sink = self.started(WireSink(self.port, MX, **sinks))
        for kind, name, spec in (("Site", "main", {"comment": "the first site"}),
                                 ("TransportServer", "mailbox-transport-0", {"site": "main"})):
            self.lab.write_manifest(kind, name, spec, folder="managed")
        self.dns = {"dns_servers": [names.address], "mx_port": self.port}
        more = {f"deliver.{key}": value for key, value in self.dns.items()}
        self.server = self.mailbox({
            "deliver.secrets_path": str(self.lab.path / "etc" / "secrets"),
            "deliver.tls_ca_file": str(self.lab.ca), **more,
            **self.lab.rpc_settings("mailbox-transport", "main")})
        shell = Shell(self.lab, self.server)
        self.environment = {**shell.environment, "PATH": f"{self.lab.path}/bin:/usr/bin:/bin"}

    def bash(self, script):
        script = script.replace("/etc/postern", str(self.lab.path / "etc"))
        done = subprocess.run(["/bin/bash", "-euo", "pipefail", "-c", script],
                              capture_output=True, text=True, timeout=60,
                              cwd=self.lab.path, env=self.environment)
        self.assertEqual(done.returncode, 0, f"{script}\n{done.stdout}{done.stderr}")
        return done.stdout

    def follow(self, page, change=lambda script: script):
        said = ""
        for kind, text, line in blocks(page):
            if kind == "bash":
                said = self.bash(change(text))
            elif kind == "text":
                at = 0
                for wanted in text.splitlines():
                    found = pattern_of(wanted).search(said, at)
                    self.assertTrue(found, f"{page}:{line}: no \"{wanted}\" in\n{said}")
                    at = found.end()

    def arrived(self, sink):
        message = sink.wait_for(1, 20)[0]
        self.assertEqual(message.header("Subject"), "Hello")
        self.assertIn("joe@fabrikam.com", message.recipients[0])
        return message

    def test_to_the_internet(self):
        self.world()
        asked = "postern Get-TlsReport"
        counted = f"for i in {{1..100}}; do {asked} | grep -q fabrikam && break; sleep 0.1; done"
        self.follow("to-the-internet.md",
                    lambda script: script.replace(asked, f"{counted}; {asked}"))
        self.assertEqual(self.arrived(self.sink).helo, "mail.contoso.com")

    # proves: FrontendProxyEnabled
    def test_front_end_proxying(self):
        self.world()
        front = self.frontend({"server.site": "main", "server.name": "front.contoso.com",
                               **self.lab.rpc_settings("frontend-transport", "main"),
                               **{f"egress.{key}": value for key, value in self.dns.items()}})
        self.follow("front-end-proxying.md",
                    lambda script: script.replace("127.0.0.1:7170", front.address))
        message = self.arrived(self.sink)
        self.assertEqual(message.helo, "front.contoso.com")

    def test_to_a_partner_with_tls(self):
        self.world(tls=self.lab.certificate("fabrikam", ("DNS:mail.fabrikam.com",)))
        self.follow("to-a-partner-with-tls.md")
        self.assertTrue(self.arrived(self.sink).tls)

    def test_through_a_smart_host(self):
        self.world()
        relay = self.started(WireSink(
            self.lab.free_port(), RELAY, keywords=("PIPELINING", "AUTH PLAIN"),
            tls=self.lab.certificate("relay", ("DNS:relay.isp.example",)),
            answers={"AUTH": "235 2.7.0 welcome"}))
        self.follow("through-a-smart-host.md",
                    lambda script: script.replace("-Port 587", f"-Port {relay.port}"))
        self.assertTrue(self.arrived(relay).tls)
        self.assertTrue(any(said.startswith("AUTH PLAIN") for said in relay.commands))

    def test_several_sites(self):
        self.world()
        self.follow("several-sites.md")

    def test_operating_queues(self):
        self.world()
        self.follow("operating-queues.md")

    def test_every_page_is_followed(self):
        tested = {name.removeprefix("test_").replace("_", "-") + ".md" for name in dir(self)
                  if name.startswith("test_")}
        pages = {path.name for path in pathlib.Path(PAGES).glob("*.md")} - {"README.md"}
        self.assertEqual(pages - tested, set())


if __name__ == "__main__":
    main()
