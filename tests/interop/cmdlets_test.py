"""tests/interop/cmdlets_test.py: the management shell changes the directory of a running server."""

import concurrent.futures
import subprocess

import yaml

from cases import Case, main, message, send
from harness import BUILD, ROOT, SITE
from services import MailboxTransport, Shell
from wire import WireSink

SCRIPT = ROOT / "tests" / "cli" / "send_connectors.ps1"
EXPORT = ROOT / "tests" / "cli" / "export.json"
OTHERS_WERE_FASTER = "others were faster each time"


class CmdletsTest(Case):
    def setUp(self):
        super().setUp()
        self.lab.site()
        self.transport = self.mailbox({"queue.queue_glitch_retry_interval": "1s"})
        self.shell = Shell(self.lab, self.transport)

    def refused(self, *words, code=1, shell=None):
        done = (shell or self.shell).run(*words, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stderr

    def to_sink(self, name, port, *more):
        return self.shell.run("New-SendConnector", name, "-AddressSpaces", "x.test",
                              "-DNSRoutingEnabled", "$false", "-SmartHosts", "[127.0.0.1]",
                              "-Port", port, *more)

    def connector(self, name):
        return self.shell.json("Get-SendConnector", name)["spec"]

    def test_a_connector_that_the_shell_made_carries_mail(self):
        sink = self.started(WireSink(self.lab.free_port()))
        made = self.to_sink("To the sink", sink.port, "-Comment", "made here")
        self.assertIn(f"site/{SITE}", made.stderr)
        self.assertIn("{SMTP:x.test;1}", made.stdout)
        send(self.transport, "bob@x.test", message("through it"))
        self.assertEqual(sink.wait_for(1)[0].header("Subject"), "through it")
        shown = self.shell.run("Get-SendConnector", "to THE sink").stdout
        self.assertRegex(shown, r"(?m)^Comment +: made here$")
        self.assertRegex(shown, r"(?m)^MaxMessageSize +: 25 MB \(26,214,400 bytes\)$")

    def test_a_disabled_connector_keeps_its_mail_until_it_is_enabled(self):
        sink = self.started(WireSink(self.lab.free_port()))
        self.to_sink("Sink", sink.port)
        self.assertIn("Enabled   True   False", self.shell.run("Disable-SendConnector",
                                                               "Sink").stdout)
        send(self.transport, "bob@x.test", message("waits"))
        self.eventually(lambda: self.shell.json("Test-Route", "bob@x.test")["decision"]
                        == "unreachable", 10, "no route")
        self.assertFalse(sink.messages)
        self.shell.run("Enable-SendConnector", "Sink")
        self.assertEqual(sink.wait_for(1, 20)[0].header("Subject"), "waits")

    def test_the_route_of_a_large_message_says_why_each_lost(self):
        self.lab.write_manifest("Site", "far", {"comment": "100 away by the default link"})
        self.lab.write_manifest("TransportServer", "far-0", {
            "site": "far", "relayAddress": "127.0.0.1:7172"})
        for name, space, *more in (
                ("Marketing", "marketing.contoso.com", "-MaxMessageSize", "25MB"),
                ("Marketing far", "*.marketing.contoso.com", "-IsScopedConnector", "$true",
                 "-MaxMessageSize", "unlimited", "-SourceTransportServers", "far-0"),
                ("Contoso", "*.contoso.com;5", "-MaxMessageSize", "50MB"),
                ("Contoso, dear", "*.contoso.com;50", "-MaxMessageSize", "50MB"),
                ("Contoso, far", "*.contoso.com;1", "-MaxMessageSize", "50MB",
                 "-SourceTransportServers", "far-0"),
                ("Contoso, second", "*.contoso.com;5", "-MaxMessageSize", "50MB"),
                ("Fabrikam", "fabrikam.com", "-MaxMessageSize", "50MB"),
                ("Off", "marketing.contoso.com", "-MaxMessageSize", "50MB", "-Enabled", "$false"),
                ("To Internet", "*", "-MaxMessageSize", "50MB")):
            self.shell.run("New-SendConnector", name, "-Usage", "Internet", "-AddressSpaces", space,
                           *more)
        asked = ("Test-Route", "user@marketing.contoso.com", "--size", "30MB")
        told = self.shell.run(*asked).stdout
        print("\n" + "\n".join(f"  {line}" for line in told.splitlines()), flush=True)
        route = self.shell.json(*asked)
        self.assertEqual(route["connector"], "Contoso")
        self.assertEqual(
            {one["connector"]: one["lostAt"] for one in route["candidates"] if one["lostAt"]},
            {"Marketing": "size", "Marketing far": "scope", "Contoso, dear": "cost",
             "Contoso, far": "cost", "Contoso, second": "name", "Fabrikam": "address space",
             "Off": "enabled", "To Internet": "specificity"})

    def test_mistakes_are_named_together_and_nothing_is_half_done(self):
        wrong = self.refused("New-SendConnector", "X", "-Port", "many", "-MaxMessageSize", "5XB",
                             code=2)
        self.assertIn('-Port: "many"', wrong)
        self.assertIn('-MaxMessageSize: "5XB"', wrong)
        broken = self.refused("New-SendConnector", "X", "-AddressSpaces", "*contoso.com",
                              "-RequireTLS", "true", "-IgnoreSTARTTLS", "true")
        self.assertIn('-AddressSpaces: "*contoso.com"', broken)
        self.assertIn("-IgnoreSTARTTLS:", broken)
        self.assertEqual(self.shell.json("Get-SendConnector"), [])

    def test_what_if_says_what_would_change(self):
        self.to_sink("Sink", 2525)
        tried = self.shell.run("Set-SendConnector", "Sink", "-AddressSpaces",
                               "@{Add='y.test'}", "-WhatIf").stdout
        self.assertIn("What if:", tried)
        self.assertIn("{SMTP:x.test;1, SMTP:y.test;1}", tried)
        self.assertEqual(self.connector("Sink")["addressSpaces"], ["SMTP:x.test;1"])

    def test_two_who_edit_one_list_lose_nothing(self):
        self.to_sink("Sink", 2525)
        spaces = [f"s{number}.test" for number in range(8)]

        def add(space):
            while True:
                done = self.shell.run("Set-SendConnector", "Sink", "-AddressSpaces",
                                      f"@{{Add='{space}'}}", check=False)
                if done.returncode == 0:
                    return
                assert OTHERS_WERE_FASTER in done.stderr, done.stderr

        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(add, spaces))
        self.assertEqual(set(self.connector("Sink")["addressSpaces"]),
                         {f"SMTP:{space};1" for space in ["x.test", *spaces]})

    def test_a_script_of_exchange_lines_runs_and_its_manifests_make_the_same_directory(self):
        tried = self.shell.run("Invoke-Script", SCRIPT, "--what-if").stdout
        self.assertIn("would be created", tried)
        self.assertEqual(self.shell.json("Get-SendConnector"), [])
        done = self.shell.run("Invoke-Script", SCRIPT)
        self.assertIn(f"{SCRIPT}:5: New-SendConnector", done.stdout)
        names = {each["spec"]["name"] for each in self.shell.json("Get-SendConnector")}
        self.assertEqual(names, {"To Internet", "Via smart host", "Partner - Tailspin",
                                 "Branch office", "Outbound to Office 365"})
        manifests = self.shell.run("Get-SendConnector", output="yaml").stdout
        self.assertEqual(len(list(yaml.safe_load_all(manifests))), 5)
        other = self.lab.path / "other-directory"
        other.mkdir()
        for name in self.lab.directory.glob("*.yaml"):
            (other / name.name).write_text(name.read_text())
        (other / "connectors.yaml").write_text(manifests)
        second = MailboxTransport(self.lab, {
            "directory.path": str(other), "store.path": str(self.lab.path / "other-store")}).start()
        again = Shell(self.lab, second).run("Get-SendConnector", output="yaml").stdout
        self.assertEqual(manifests, again)

    def test_an_export_of_exchange_is_imported_parameter_by_parameter(self):
        wide = self.lab.path / "export.json"
        wide.write_bytes(b"\xff\xfe" + EXPORT.read_text().encode("utf-16-le"))
        refused = self.shell.run("Import-SendConnector", wide, "-WhatIf", check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertRegex(refused.stdout, r"(?m)^TlsAuthLevel +refused +3 ")
        self.assertRegex(refused.stdout, r"(?m)^SourceTransportServers +changed +site/")
        self.assertEqual(self.shell.json("Get-SendConnector"), [])
        done = self.shell.run("Import-SendConnector", wide, "-Usage", "Internet",
                              "-AuthenticationCredential", "smart-host", "-Without",
                              "TlsAuthLevel").stdout
        print("\n" + "\n".join(f"  {line}" for line in done.splitlines()), flush=True)
        self.assertIn("read-only, not taken: ", done)
        self.assertIn("not known here, not taken: TransportRole", done)
        self.assertEqual(len(self.shell.json("Get-SendConnector")), 3)
        self.assertEqual(self.connector("To Internet")["protocolLoggingLevel"], "Verbose")

    def test_permissions_are_edited_as_in_exchange(self):
        self.to_sink("Sink", 2525, "-Usage", "Internet")
        user = ("-User", "NT AUTHORITY\\ANONYMOUS LOGON")
        self.assertIn("ms-Exch-Send-Headers-Routing",
                      self.shell.run("Get-ADPermission", "Sink").stdout)
        self.shell.run("Remove-ADPermission", "Sink", *user, "-ExtendedRights",
                       "ms-Exch-Send-Headers-Routing")
        self.assertEqual(self.connector("Sink")["permissions"]["grants"], [])
        self.shell.run("Add-ADPermission", "Sink", *user, "-ExtendedRights",
                       "ms-Exch-Send-Headers-Forest")
        self.assertIn("ms-Exch-Send-Headers-Forest",
                      self.shell.run("Get-ADPermission", "Sink").stdout)

    def test_sites_links_servers_domains_and_limits(self):
        self.shell.run("New-AdSite", "Berlin", "-HubSiteEnabled", "true")
        self.shell.run("New-AdSiteLink", "a-b", "-Sites", f"{SITE},berlin", "-ExchangeCost", "7")
        self.shell.run("New-TransportServer", "mbx-b", "-Site", "berlin", "-RelayAddress",
                       "mbx-b.test:7172")
        self.shell.run("New-AcceptedDomain", "Contoso", "-DomainName", "contoso.com",
                       "-MakeDefault", "true")
        self.shell.run("Set-TransportConfig", "-MaxReceiveSize", "50MB")
        self.assertRegex(self.shell.run("Get-Site").stdout, r"(?m)^berlin +True +True")
        self.assertEqual(self.shell.json("Get-SiteLink", "a-b")["spec"]["exchangeCost"], 7)
        self.assertIn("50 MB (52,428,800 bytes)", self.shell.run("Get-TransportConfig").stdout)
        self.refused("Remove-AdSiteLink", "a-b")
        self.shell.run("Remove-AdSiteLink", "a-b", "-Confirm:$false")
        self.assertIn("there is none", self.refused("Get-SiteLink", "a-b"))

    def test_who_may_only_read_changes_nothing(self):
        reader = Shell(self.lab, self.transport, "reader")
        self.assertEqual(reader.json("Get-SendConnector"), [])
        said = self.refused("Enable-SendConnector", "x", shell=reader)
        self.assertRegex(said, "role administer|there is none")
        said = self.refused("New-SendConnector", "x", "-AddressSpaces", "*", shell=reader)
        self.assertIn("role administer", said)

    def test_what_stands_in_a_file_of_somebody_is_not_written(self):
        self.lab.connector("mine", ["mine.test"])
        self.eventually(lambda: "mine" in self.shell.run("Get-SendConnector").stdout, 10,
                        "the connector of the file")
        said = self.refused("Set-SendConnector", "mine", "-Port", "26")
        self.assertIn("sendconnector-mine.yaml", said)

    def test_a_change_asked_of_a_follower_is_made_at_the_writer(self):
        self.shell.run("New-TransportServer", "mailbox-transport-1", "-Site", SITE)
        writer = f"127.0.0.1:{self.transport.admin_port}"
        follower = self.mailbox({"directory.writer": writer,
                                 "directory.cache": str(self.lab.path / "cache")},
                                name="mailbox-transport-1")
        shell = Shell(self.lab, follower)
        made = shell.run("New-SendConnector", "Far", "-AddressSpaces", "far.test",
                         "-SourceTransportServers", "mailbox-transport-0")
        self.assertIn(f"the directory is written at {writer}", made.stderr)
        self.assertEqual(self.connector("Far")["addressSpaces"], ["SMTP:far.test;1"])
        self.eventually(lambda: "Far" in shell.run("Get-SendConnector").stdout, 10,
                        "the follower to follow")

    def test_bash_completes_names_of_the_directory(self):
        self.to_sink("To the sink", 2525)
        words = "postern Set-SendConnector To"
        script = (f'PATH={BUILD / "cli"}:$PATH; source <(postern Completion bash); '
                  f'COMP_WORDS=({words}); COMP_CWORD=2; _postern; printf "%s\\n" '
                  '"${COMPREPLY[@]}"')
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=20,
                              env=self.shell.environment, check=True)
        self.assertEqual(done.stdout, "To\\ the\\ sink\n")


if __name__ == "__main__":
    main()
