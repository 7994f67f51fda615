"""tests/prove/kubernetes.py: CRDs, a real API server, manifests, images, dashboards, alerts."""

import re
import shutil
import sys

sys.dont_write_bytecode = True

from claims import Claim, Skip, command, interop, main, require  # noqa: E402
from harness import ROOT  # noqa: E402
import front_ends  # noqa: E402


def kubernetes(file, *tests, told="", seconds=600):
    """Runs a test of tests/kubernetes; the figure is what it says of itself. A part that had to be
    skipped makes the claim a skipped one, with the reason."""
    def prove():
        path = ROOT / "tests/kubernetes" / f"{file}_test.py"
        _, said = command("/usr/bin/python3", path, "--verbose", *tests, seconds=seconds)
        ran = re.search(r"^Ran (\d+) tests? in ([\d.]+)s", said, re.MULTILINE)
        skipped = re.findall(r"skipped ['\"](.*)['\"]", said)
        if skipped:
            raise Skip("; ".join(skipped))
        shown = [line.rpartition(" ... ")[2] for line in said.splitlines()
                 if told and re.search(told, line)]
        return require(int(ran.group(1)) > 0 and (shown or not told),
                       "\n".join([f"{ran.group(1)} tests in {ran.group(2)} s", *shown]))
    return prove


def real_api(file, *tests, told):
    """Runs a test before a real kube-apiserver; only --long builds one that is not there."""
    def prove(times=1):
        if times == 1 and not (ROOT / "build/tools/bin/kube-apiserver").exists():
            raise Skip("kube-apiserver is not built: --long or tools/test-k8s does, in 10 minutes")
        return kubernetes(file, *tests, told=told, seconds=300 if times == 1 else 3900)()
    return prove


def prometheus():
    if not shutil.which("prometheus"):
        raise Skip("prometheus is not there: apt install prometheus")
    return interop("prometheus", told="queries|selectors")()


def runbooks():
    pages = list((ROOT / "docs/runbooks").glob("Postern*.md"))
    whole = [page for page in pages
             if all(part in page.read_text() for part in ("## Look", "## Do"))]
    return require(pages and len(whole) == len(pages), f"{len(whole)} of {len(pages)} pages")


CLAIMS = [
    Claim("the CRDs are those of the proto; the file validation and an API server's say the same",
          kubernetes("crds", told=r"\d+ cases")),
    Claim("a real kube-apiserver takes the CRDs and says of each case what the service says",
          real_api("api", "CrdsTest", told=r"CRDs established|\d+ cases"), 2),
    Claim("kubectl get sendconnectors, by its printer columns and the status subresource",
          real_api("api", "ColumnsTest", told="ENABLED|true|false"), 2),
    Claim("every overlay and directory: kubectl apply --server-side --dry-run=server at a real "
          "kube-apiserver, 0 errors; its pods are admitted as restricted",
          real_api("api", "OverlaysTest", told="0 errors"), 2),
    Claim("services follow a real kube-apiserver: creates, updates, deletes, its kill and restart, "
          "500, garbage and silence, a rotated token; conditions and Leases appear; the Role has "
          "what is asked and no more",
          real_api("services", told="in force after|delivered|new token|rights given|Lease of"
                   "|admitted|status of a change|wrote the conditions"), 2),
    Claim("every overlay and component: kustomize, kubeconform strict; settings and directories "
          "are taken by the services; pods are restricted",
          kubernetes("manifests", told="resources")),
    Claim("NetworkPolicies: servers of all sites relay to one another, and nobody of a namespace "
          "that is not named does", kubernetes("policies", told="pairs")),
    Claim("the autoscalers act before the deliveries of one busy server wait for credit",
          kubernetes("scaling")),
    Claim("each query of dashboards and rules asks for metrics that are declared",
          kubernetes("dashboards", "DashboardsTest")),
    Claim("promtool: each alert fires when it must and only then",
          kubernetes("dashboards", "RulesTest", told="alerts")),
    Claim("each alert has its page", runbooks),
    Claim("a real Prometheus under load: every panel and every series of a rule has data",
          prometheus),
    Claim("the images: files, packages, SBOM; not as root, on a root that is read-only",
          kubernetes("images", "FilesTest", told="packages")),
    Claim("the main job through both images, as containers",
          kubernetes("images", "ContainersTest", told="directly")),
    Claim("the main job through a pod of the rendered manifests: podman kube play of both images",
          kubernetes("play", told="played")),
    *front_ends.FRONT_ENDS,
]


if __name__ == "__main__":
    sys.exit(main("kubernetes", CLAIMS, "builds kube-apiserver where it is not there"))
