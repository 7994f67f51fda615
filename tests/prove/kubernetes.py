"""tests/prove/kubernetes.py: CRDs, manifests, images, dashboards and alerts."""

import re
import shutil
import sys

sys.dont_write_bytecode = True

from claims import Claim, Skip, command, interop, main, require  # noqa: E402
from harness import ROOT  # noqa: E402


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
    Claim("every overlay and component: kustomize, kubeconform strict; settings and directories "
          "are taken by the services; pods are restricted",
          kubernetes("manifests", told="resources")),
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
]


if __name__ == "__main__":
    sys.exit(main("kubernetes", CLAIMS, "nothing more: there is no longer form"))
