"""tests/prove/connectors.py: Send connectors: parameters, types, selection, sites, shell."""

import re
import sys

sys.dont_write_bytecode = True

from claims import Claim, command, interop, main, require, unit  # noqa: E402


def parameters():
    _, said = command("/usr/bin/python3", "tools/parameters.py")
    rows = [line for line in said.splitlines() if re.match(r"\| [A-Z]\w+ \|", line)]
    tests = sum(line.count("](../../") for line in rows)
    command("tools/docs", "--check")
    return require(len(rows) >= 38 and tests >= len(rows),
                   f"{len(rows)} parameters, {tests} tests; docs/generated/send-connector.md")


SITES = [
    ("A -> C directly, its two source servers share the load",
     "mail_from_a_goes_to_c_directly_and_its_servers_share_it", "relayed to"),
    ("A -> B -> C where B is a hub, and past it when it is none",
     "mail_stops_at_b_when_b_is_a_hub", "messages A"),
    ("with C cut off the mail waits at B in Retry and goes when C is back",
     "with_c_cut_off_the_mail_waits_at_b_and_goes_when_c_is_back", "^(cut|back)"),
    ("with B and C cut off it waits at A", "with_b_and_c_cut_off_the_mail_waits_at_a", ""),
    ("kill -9 of the server that relays: nothing lost, doubles counted",
     "killing_the_server_that_relays_loses_nothing", "^seed"),
    ("kill -9 of the servers that receive: the same",
     "killing_the_servers_that_receive_loses_nothing", "^seed"),
]

CLAIMS = [
    Claim("docs/generated/send-connector.md: each parameter with the tests of its effect",
          parameters),
    Claim("the selection table: each row gives the connector that 3.2 says",
          unit("services_mailbox_transport_route", "Select*", 80, "rows")),
    Claim("Test-Route user@marketing.contoso.com --size 30MB: why each connector lost",
          interop("cmdlets", "CmdletsTest.test_the_route_of_a_large_message_says_why_each_lost",
                  told="^  .")),
    *(Claim(f"three sites in network namespaces: {title}",
            interop("sites", f"SitesTest.test_{test}", told=told, POSTERN_KILLS=4), 5)
      for title, test, told in SITES),
    Claim("the header firewall: the bytes at the sink beside the table, direct and proxied",
          interop("firewall", told="^  (direct|proxied|Custom|Internal|Internet|Partner) ")),
    Claim("TLS levels, TlsDomain, certificates, Domain Security, at real peers, both ways",
          interop("tls")),
    Claim("logins at smart hosts, both ways", interop("auth")),
    Claim("the other parameters of the conversation, at real peers, both ways",
          interop("connector")),
    Claim("each page of docs/how-to, by its own commands", interop("howto")),
    Claim("the import of an export with every parameter",
          interop("cmdlets", "CmdletsTest.test_an_export_of_exchange_is_imported_parameter_by_"
                  "parameter", told="^  .")),
    Claim("a script of New-SendConnector lines from Exchange procedures",
          interop("cmdlets", "CmdletsTest.test_a_script_of_exchange_lines_runs_and_its_manifests_"
                  "make_the_same_directory")),
    Claim("two writers at once, kills of a writer, watchers, paging, followers, the audit",
          interop("directory", told="acknowledged|lost|conflict", POSTERN_KILLS=10)),
    Claim("every rule of validation, several errors together",
          unit("common_connector", "*", 20, "tests")),
]


if __name__ == "__main__":
    sys.exit(main("connectors", CLAIMS, "five times the kills"))
