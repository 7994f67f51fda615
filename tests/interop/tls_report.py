"""tests/interop/tls_report.py

What Get-TlsReport -Json prints, held against RFC 8460 §4.4, and summed up for a test.

Flow      tls_sessions(shell, "contoso.com") -> {("sts", "successful"): 1, ...};
          wait_for_sessions.
"""

import json
import re

from harness import wait_until

POLICY_TYPES = {"tlsa", "sts", "no-policy-found"}
RESULT_TYPES = {"starttls-not-supported", "certificate-host-mismatch", "certificate-expired",
                "certificate-not-trusted", "validation-failure", "tlsa-invalid", "dnssec-invalid",
                "dane-required", "sts-policy-fetch-error", "sts-policy-invalid",
                "sts-webpki-invalid"}
DAY = r"\d{4}-\d\d-\d\d"
DETAIL_TEXTS = ("sending-mta-ip", "receiving-mx-hostname", "receiving-ip")


def require(condition, what):
    if not condition:
        raise AssertionError(f"RFC 8460 §4.4: {what}")


def members(value, needed, allowed, where):
    require(isinstance(value, dict), f"{where} is an object: {value}")
    require(set(needed) <= set(value), f"{where} has {needed}: {value}")
    require(set(value) <= set(needed) | set(allowed), f"{where} has nothing else: {value}")


def texts(value, where):
    require(isinstance(value, list) and value and all(isinstance(one, str) and one
                                                      for one in value), f"{where}: {value}")


def count(value, where):
    require(isinstance(value, int) and not isinstance(value, bool) and value >= 0,
            f"{where}: {value}")


def check_policy(entry):
    members(entry, ("policy", "summary"), ("failure-details",), "policies")
    policy, summary = entry["policy"], entry["summary"]
    members(policy, ("policy-type", "policy-domain"), ("policy-string", "mx-host"), "policy")
    require(policy["policy-type"] in POLICY_TYPES, policy)
    for name in set(policy) & {"policy-string", "mx-host"}:
        texts(policy[name], name)
    sums = ("total-successful-session-count", "total-failure-session-count")
    members(summary, sums, (), "summary")
    for name in sums:
        count(summary[name], name)
    for detail in entry.get("failure-details", []):
        members(detail, ("result-type", "failed-session-count"), DETAIL_TEXTS, "failure-details")
        require(detail["result-type"] in RESULT_TYPES, detail)
        count(detail["failed-session-count"], detail)
        for name in set(detail) & set(DETAIL_TEXTS):
            require(isinstance(detail[name], str) and detail[name], detail)
    told = sum(detail["failed-session-count"] for detail in entry.get("failure-details", []))
    require(told == summary[sums[1]], f"the details add up: {entry}")


def check(document):
    members(document, ("organization-name", "date-range", "contact-info", "report-id", "policies"),
            (), "report")
    for name in ("organization-name", "contact-info", "report-id"):
        require(isinstance(document[name], str) and document[name], name)
    require("@" in document["contact-info"], "contact-info is a mail address")
    dates = document["date-range"]
    members(dates, ("start-datetime", "end-datetime"), (), "date-range")
    day = re.fullmatch(f"({DAY})T00:00:00Z", dates["start-datetime"])
    require(day and dates["end-datetime"] == f"{day[1]}T23:59:59Z", f"a day: {dates}")
    require(isinstance(document["policies"], list) and document["policies"], "policies")
    for entry in document["policies"]:
        check_policy(entry)


def documents(shell, *words):
    """Every document that the shell prints, each of them checked."""
    found = [json.loads(line)
             for line in shell.run("Get-TlsReport", "-Json", *words).stdout.splitlines()]
    for document in found:
        check(document)
    ids = [document["report-id"] for document in found]
    require(len(ids) == len(set(ids)), f"report-id is unique: {ids}")
    return found


def entries(shell, domain):
    return [entry for document in documents(shell, "-PolicyDomain", domain)
            for entry in document["policies"] if entry["policy"]["policy-domain"] == domain]


def tls_sessions(shell, domain):
    """Sessions by (policy type, result), over all days; an attempt may have come again."""
    sums = {}
    for entry in entries(shell, domain):
        kind, good = entry["policy"]["policy-type"], entry["summary"]
        results = [(detail["result-type"], detail["failed-session-count"])
                   for detail in entry.get("failure-details", [])]
        for result, sessions in [("successful", good["total-successful-session-count"]), *results]:
            if sessions:
                sums[kind, result] = sums.get((kind, result), 0) + sessions
    return sums


def wait_for_sessions(shell, domain, expected):
    """Until exactly these (policy type, result) were counted for the domain."""
    found = {}

    def told():
        found.clear()
        found.update(tls_sessions(shell, domain))
        return set(found) == expected
    try:
        wait_until(told, 10, pause=0.2)
    except AssertionError:
        raise AssertionError(f"{domain}: {expected} expected, there is {found}") from None
