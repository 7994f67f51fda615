"""tests/kubernetes/manifests_test.py: the manifests, rendered and judged by the services.

Skipped in one line where kustomize or kubeconform can be neither found nor built.
"""

import base64
import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "interop"))

import yaml  # noqa: E402
from harness import ROOT, Lab, binary  # noqa: E402
from services import MailboxTransport, Shell  # noqa: E402

MANIFESTS = ROOT / "build/manifests"
SERVICES = {"StatefulSet": "mailbox-transport", "Deployment": "frontend-transport"}
# Their Secrets come from tools/k8s-certificates.
MADE_BY_HAND = {"dev", "directory-from-api", "egress", "hpa", "keda", "several-namespaces",
                "smart-host"}
# (page, overlay that has what the page shows)
SHOWN = [("install", "smart-host"), ("install", "directory-from-api"), ("scaling", "keda")]
# Its servers ask the API server; no other pod has a token.
ASKING = "directory-from-api"


def setUpModule():
    done = subprocess.run([ROOT / "tools/build-manifests"], capture_output=True, text=True)
    if done.returncode == 3:
        raise unittest.SkipTest(done.stderr.strip().splitlines()[-1])
    if done.returncode:
        raise AssertionError(done.stdout + done.stderr)
    print(done.stdout.strip(), flush=True)


def overlays():
    return {path.stem: [each for each in yaml.safe_load_all(path.read_text()) if each]
            for path in sorted(MANIFESTS.glob("*.yaml"))}


def of_kind(resources, *kinds):
    return [each for each in resources if each["kind"] in kinds]


def names(resources, *kinds):
    return {each["metadata"]["name"] for each in of_kind(resources, *kinds)}


def keys_of(tree, before=""):
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from keys_of(value, f"{before}{key}.")
        else:
            yield before + key


def autoscaled(resources):
    """(kind, name) of the workload -> its autoscaler's spec."""
    specs = [each["spec"] for each in of_kind(resources, "HorizontalPodAutoscaler", "ScaledObject")]
    return {(spec["scaleTargetRef"]["kind"], spec["scaleTargetRef"]["name"]): spec
            for spec in specs}


def servers_of(resources, workload):
    """How many there may be: as the manifest says, or at most as its autoscaler."""
    spec = autoscaled(resources).get((workload["kind"], workload["metadata"]["name"]))
    if spec is None:
        return workload["spec"]["replicas"]
    return spec.get("maxReplicas", spec.get("maxReplicaCount"))


def settings_of(service, resources, pod):
    config = next(v["configMap"]["name"] for v in pod["volumes"] if v["name"] == "settings")
    return next(each for each in of_kind(resources, "ConfigMap")
                if each["metadata"]["name"] == config)["data"][service + ".yaml"]


def megabytes(text):
    number, unit = re.fullmatch(r"(\d+)(MB|GB|Mi|Gi)", text).groups()
    return int(number) * (1024 if unit.startswith("G") else 1)


def shown(page):
    """What the YAML of a page says, by the field of the kustomization: patches, labels, ..."""
    found = {}
    text = (ROOT / f"docs/kubernetes/{page}.md").read_text()
    for block in re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        said = yaml.safe_load(block)
        for field in set(said) - {"replicas", "images", "components"}:
            found.setdefault(field, []).extend(said[field])
    return found


class ManifestsTest(unittest.TestCase):
    def each_workload(self):
        for overlay, resources in overlays().items():
            for workload in of_kind(resources, *SERVICES):
                yield overlay, resources, workload, workload["spec"]["template"]["spec"]

    def test_settings_are_those_of_the_manual_and_the_service_takes_them(self):
        pages = (ROOT / "docs/generated/settings.md").read_text().split("\n## ")
        manual = {page.split("\n")[0]: set(re.findall(r"^\| `([\w.]+)`", page, re.MULTILINE))
                  for page in pages}
        for _, resources, workload, pod in self.each_workload():
            service = SERVICES[workload["kind"]]
            text = settings_of(service, resources, pod)
            self.assertLessEqual(set(keys_of(yaml.safe_load(text))), manual[service])
            variables = {}
            for each in pod["containers"][0]["env"]:
                variables[each["name"]] = re.sub(r"\$\((\w+)\)", lambda used: variables[used[1]],
                                                 each.get("value", "pod-0"))
            known = {"POSTERN_" + key.replace(".", "_").upper() for key in manual[service]}
            self.assertEqual(set(variables) - known, {"POD_NAME"} & set(variables))
            path = MANIFESTS / "settings.yaml.checked"
            path.write_text(text)
            done = subprocess.run([binary(service), "--check", "--settings", path],
                                  capture_output=True, text=True, env={**os.environ, **variables})
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_full_logs_leave_three_quarters_of_the_volume_to_mail(self):
        manual = (ROOT / "docs/generated/settings.md").read_text().split("\n## ")[1]
        fallbacks = dict(re.findall(r"^\| `(\w+_log)\.max_directory_size` \| size \| `(\w+)`",
                                    manual, re.MULTILINE))
        self.assertEqual(len(fallbacks), 4)
        for overlay, resources, workload, pod in self.each_workload():
            for claim in workload["spec"].get("volumeClaimTemplates", ()):
                limits = dict(fallbacks)
                text = settings_of("mailbox-transport", resources, pod)
                for log, values in yaml.safe_load(text).items():
                    if log in limits and "max_directory_size" in values:
                        limits[log] = values["max_directory_size"]
                for variable in pod["containers"][0]["env"]:
                    found = re.fullmatch(r"POSTERN_(\w+_LOG)_MAX_DIRECTORY_SIZE", variable["name"])
                    if found:
                        limits[found.group(1).lower()] = variable["value"]
                room = megabytes(claim["spec"]["resources"]["requests"]["storage"])
                with self.subTest(overlay=overlay, limits=limits):
                    self.assertLessEqual(sum(map(megabytes, limits.values())), room / 4)

    def test_a_variable_in_a_value_stands_before_it(self):
        # Otherwise it stays as it is written. kustomize puts what a patch adds first.
        for overlay, _, workload, pod in self.each_workload():
            known = set()
            for variable in pod["containers"][0]["env"]:
                used = set(re.findall(r"\$\((\w+)\)", variable.get("value", "")))
                self.assertLessEqual(used, known, (overlay, workload["metadata"]["name"], variable))
                known.add(variable["name"])

    def test_each_pod_is_scraped_once_and_each_alert_is_there_once(self):
        for overlay, resources in overlays().items():
            for kind in ("PodMonitor", "PrometheusRule"):
                found = of_kind(resources, kind)
                self.assertLessEqual(len(found), 1, overlay)
                pods = {each["metadata"]["namespace"] for each in of_kind(resources, *SERVICES)}
                for each in found:
                    self.assertEqual({each["metadata"]["namespace"]}, pods, overlay)

    def test_the_pod_that_rescues_mail_is_allowed_what_a_server_is(self):
        rescue = yaml.safe_load((ROOT / "deploy/examples/rescue-pod.yaml").read_text())
        server = of_kind(overlays()["single-site"], "StatefulSet")[0]["spec"]
        pod, of_server = rescue["spec"], server["template"]["spec"]
        self.assertLess(set(rescue["metadata"]["labels"].items()),
                        set(server["template"]["metadata"]["labels"].items()))
        self.assertEqual(pod["securityContext"], of_server["securityContext"])
        self.assertEqual(pod["containers"][0]["securityContext"],
                         of_server["containers"][0]["securityContext"])
        self.assertIn(pod["volumes"][1], of_server["volumes"])
        claim = pod["volumes"][0]["persistentVolumeClaim"]["claimName"]
        self.assertEqual(claim, "store-mailbox-transport-1")
        self.assertNotIn("ports", pod["containers"][0])

    def test_the_pod_that_salvages_mail_may_do_no_more_and_reaches_no_network(self):
        salvage = yaml.safe_load((ROOT / "deploy/examples/salvage-pod.yaml").read_text())
        of_server = of_kind(overlays()["single-site"], "StatefulSet")[0]["spec"]["template"]["spec"]
        pod = salvage["spec"]
        self.assertEqual(salvage["metadata"]["labels"], {"app.kubernetes.io/part-of": "postern"})
        self.assertEqual(pod["securityContext"], of_server["securityContext"])
        for container in pod["initContainers"] + pod["containers"]:
            self.assertEqual(container["securityContext"],
                             of_server["containers"][0]["securityContext"])

    def test_each_pod_of_a_stateful_set_is_a_server_that_starts_with_its_directory(self):
        for overlay, resources, workload, pod in self.each_workload():
            if workload["kind"] != "StatefulSet" or overlay == ASKING:
                continue
            config = next(v["configMap"]["name"] for v in pod["volumes"]
                          if v["name"] == "directory")
            files = next(each for each in of_kind(resources, "ConfigMap")
                         if each["metadata"]["name"] == config)["data"]
            sites = {each["metadata"]["name"]: each["spec"]["site"] for text in files.values()
                     for each in yaml.safe_load_all(text)
                     if each and each["kind"] == "TransportServer"}
            for number in range(servers_of(resources, workload)):
                with Lab() as lab:
                    for file, text in files.items():
                        lab.write_raw(file, text)
                    name = f"{workload['metadata']['name']}-{number}"
                    settings = lab.rpc_settings("mailbox-transport", sites[name])
                    MailboxTransport(lab, settings, name=name).start().sigterm()

    def test_what_a_pod_names_is_there(self):
        for overlay, resources, workload, pod in self.each_workload():
            self.assertIn(pod["serviceAccountName"], names(resources, "ServiceAccount"))
            if names(resources, "PriorityClass"):
                self.assertIn(pod["priorityClassName"], names(resources, "PriorityClass"))
            secrets = {each["spec"]["secretName"] for each in of_kind(resources, "Certificate")}
            for volume in pod["volumes"]:
                if "configMap" in volume:
                    self.assertIn(volume["configMap"]["name"], names(resources, "ConfigMap"))
                if "secret" in volume and overlay not in MADE_BY_HAND:
                    self.assertIn(volume["secret"]["secretName"], secrets)
            mounted = {each["name"] for each in pod["containers"][0]["volumeMounts"]}
            claims = {each["metadata"]["name"]
                      for each in workload["spec"].get("volumeClaimTemplates", [])}
            self.assertEqual(mounted, {each["name"] for each in pod["volumes"]} | claims)

    def test_a_count_is_in_the_manifests_or_is_the_autoscalers(self):
        scaled = 0
        for overlay, resources, workload, _ in self.each_workload():
            with self.subTest(overlay=overlay, workload=workload["metadata"]["name"]):
                by_itself = ((workload["kind"], workload["metadata"]["name"])
                             in autoscaled(resources))
                self.assertEqual("replicas" not in workload["spec"], by_itself)
                scaled += by_itself
        self.assertEqual(scaled, 4)

    def test_an_autoscaler_asks_for_its_own_namespace_and_site(self):
        asked = 0
        for overlay, resources, workload, _ in self.each_workload():
            key = workload["kind"], workload["metadata"]["name"]
            site = workload["spec"]["template"]["metadata"]["labels"]["postern.dev/site"]
            own = f'{{namespace="{workload["metadata"]["namespace"]}",postern_site="{site}"}}'
            for trigger in autoscaled(resources).get(key, {}).get("triggers", ()):
                with self.subTest(overlay=overlay, workload=key[1]):
                    self.assertIn(own, trigger["metadata"]["query"])
                asked += 1
        self.assertEqual(asked, 2)

    def test_what_the_pages_show_is_what_an_overlay_here_is_made_with(self):
        for page, overlay in SHOWN:
            made = yaml.safe_load((ROOT / "tests/kubernetes/overlays" / overlay
                                   / "kustomization.yaml").read_text())
            fields = set(shown(page)) & set(made) - {"components"}
            self.assertTrue(fields, overlay)
            for field in fields:
                with self.subTest(page=page, overlay=overlay, field=field):
                    for each in shown(page)[field]:
                        self.assertIn(each, made[field])

    def test_the_secret_of_a_smart_host_is_in_both_pods_and_nothing_else_is_gone(self):
        volumes = {}
        for overlay, _, workload, pod in self.each_workload():
            volumes[overlay, workload["kind"]] = {each["name"]: each for each in pod["volumes"]}
        for overlay, without in (("smart-host", set()), ("directory-from-api", {"directory"})):
            for kind in SERVICES:
                with self.subTest(overlay=overlay, kind=kind):
                    plain, ours = volumes["single-site", kind], volumes[overlay, kind]
                    self.assertEqual(set(ours), set(plain) - without)
                    [source] = ours["secrets"]["projected"]["sources"]
                    self.assertEqual(source["secret"]["name"], "relay")
                    self.assertFalse(plain["secrets"]["projected"]["sources"])

    def test_a_label_for_the_operator_is_on_what_it_selects_and_rolls_no_pod(self):
        resources = overlays()["smart-host"]
        for each in of_kind(resources, "PodMonitor", "PrometheusRule"):
            self.assertEqual(each["metadata"]["labels"]["release"], "kube-prometheus-stack")
        self.assertEqual(len(of_kind(resources, "PodMonitor", "PrometheusRule")), 2)
        for workload in of_kind(resources, *SERVICES):
            self.assertNotIn("kube-prometheus-stack", str(workload["spec"]))

    def test_front_ends_of_a_site_are_a_headless_service(self):
        for overlay, resources in overlays().items():
            services = {each["metadata"]["name"]: each for each in of_kind(resources, "Service")}
            for config in of_kind(resources, "ConfigMap"):
                text = "\n---\n".join(config["data"].values())
                for address in re.findall(r"dns:///([\w-]+):7170", text):
                    with self.subTest(overlay=overlay, address=address):
                        self.assertEqual(services[address]["spec"]["clusterIP"], "None")
                        ports = [port["port"] for port in services[address]["spec"]["ports"]]
                        self.assertIn(7170, ports)

    def test_pods_are_restricted(self):
        for overlay, _, workload, pod in self.each_workload():
            own = pod["containers"][0]["securityContext"]
            self.assertTrue(pod["securityContext"]["runAsNonRoot"])
            self.assertEqual(pod["securityContext"]["runAsUser"], 65532)
            self.assertEqual(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault")
            self.assertEqual(own["capabilities"], {"drop": ["ALL"]})
            self.assertTrue(own["readOnlyRootFilesystem"])
            self.assertFalse(own["allowPrivilegeEscalation"])
            asks = overlay == ASKING and workload["kind"] == "StatefulSet"
            self.assertEqual(pod["automountServiceAccountToken"], asks)
            on_the_node = overlay == "egress" and workload["kind"] == "Deployment"
            self.assertEqual(pod.get("hostNetwork", False), on_the_node)

    def test_only_servers_that_ask_the_api_server_have_a_role(self):
        plurals = {path.stem for path in (ROOT / "deploy/k8s/crds").glob("*s.yaml")}
        for overlay, resources in overlays().items():
            roles = of_kind(resources, "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")
            own = [each for each in roles if each["metadata"]["name"] == "mailbox-transport"]
            self.assertEqual([each["kind"] for each in own],
                             ["Role", "RoleBinding"] if overlay == ASKING else [])
            for rule in own[0]["rules"] if own else ():
                self.assertNotIn("*", rule["verbs"] + rule["resources"])
                if rule["apiGroups"] == ["postern.dev"]:
                    of = {name.split("/")[0] for name in rule["resources"]}
                    self.assertLessEqual(of, plurals)

    def test_a_pod_has_the_time_that_its_service_takes_to_stop(self):
        for overlay, _, workload, pod in self.each_workload():
            wait = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
            stop = 30  # the fallback of server.stop_grace
            if overlay == ASKING and workload["kind"] == "StatefulSet":
                stop += 600  # that of server.hand_over_time
            self.assertGreater(pod["terminationGracePeriodSeconds"], wait + stop)

    def test_the_certificate_of_administrator_may_operate_and_that_of_a_server_may_not(self):
        for overlay in ("single-site", "two-sites"):
            certificates = of_kind(overlays()[overlay], "Certificate")
            uris = [uri for each in certificates for uri in each["spec"].get("uris", ())]
            administrators = [each for each in uris if each.endswith("/administrator")]
            self.assertTrue(administrators)
            for uri in administrators:
                with self.subTest(overlay=overlay, uri=uri), Lab() as lab:
                    server = uri.replace("/administrator", "/mailbox-transport")
                    self.assertIn(server, uris)
                    self.assertEqual(self.refused(lab, server, uri), "")
                    self.assertIn("not have the role operate", self.refused(lab, server, server))

    def refused(self, lab, server, caller):
        """What a server with one identity answers a caller with another who would operate it."""
        domain, site = server.split("/")[2:4]
        lab.write_manifest("Site", site, {"comment": "without a front end"})
        lab.write_manifest("TransportServer", "mailbox-transport-0", {"site": site})
        cert, key = lab.certificate("server", (f"URI:{server}",))
        mailbox = MailboxTransport(lab, {
            "rpc.certificate_file": str(cert), "rpc.key_file": str(key),
            "rpc.trust_domain": domain}).start()
        cert, key = lab.certificate(caller.rsplit("/", 1)[1], (f"URI:{caller}",))
        shell = Shell(lab, mailbox)
        shell.environment |= {"POSTERN_CERTIFICATE": str(cert), "POSTERN_KEY": str(key),
                              "POSTERN_TRUST_DOMAIN": domain}
        done = shell.run("Drain-Server", "--undo", check=False)
        mailbox.sigterm()
        return done.stderr if done.returncode else ""

    def test_each_site_with_cert_manager_has_an_administrator(self):
        for overlay, resources in overlays().items():
            certificates = of_kind(resources, "Certificate")
            identities = {uri: each["spec"]["secretName"] for each in certificates
                          for uri in each["spec"].get("uris", ())}
            for uri, secret in identities.items():
                place, service = uri.rsplit("/", 1)
                with self.subTest(overlay=overlay, uri=uri):
                    self.assertEqual(identities[f"{place}/administrator"],
                                     secret.replace(service, "administrator"))

    def test_certificates_by_hand_have_the_identity_of_the_service(self):
        with Lab() as lab:
            said = subprocess.run(
                [ROOT / "tools/k8s-certificates", "main"], capture_output=True, text=True,
                check=True, env={**os.environ, "POSTERN_AUTHORITY": str(lab.path / "authority")})
            secrets = {each["metadata"]["name"]: each["data"]
                       for each in yaml.safe_load_all(said.stdout) if each}
            self.assertEqual(set(secrets), {"mailbox-transport-tls", "frontend-transport-tls",
                                            "administrator-tls"})
            for name, data in secrets.items():
                shown = subprocess.run(["openssl", "x509", "-noout", "-ext", "subjectAltName"],
                                       input=base64.b64decode(data["tls.crt"]),
                                       capture_output=True, check=True).stdout.decode()
                self.assertIn(f"URI:spiffe://postern.local/main/{name[:-4]}", shown)


if __name__ == "__main__":
    unittest.main()
