"""What of a render follows from its values: which release holds what, where workers go, how a run ends, what whoever
installs is told. Each check yields what is otherwise."""

import re
import urllib.parse

from chart_sets import (
    NAMESPACE,
    containers,
    has_workers,
    manifests,
    merged,
    name,
    objects,
    of_its_workers,
    of_kind,
    pod,
    settings,
    within,
)

# What only a release with workers may hold.
OF_WORKERS = {
    "Deployment",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
    "PrometheusRule",
    "ScaledObject",
    "TriggerAuthentication",
}
# What spot nodes are called, by who provides them; the first two have EC2's notices.
SPOT = {
    "karpenter": ("karpenter.sh/capacity-type", "spot"),
    "eks": ("eks.amazonaws.com/capacityType", "SPOT"),
    "gke": ("cloud.google.com/gke-spot", "true"),
    "aks": ("kubernetes.azure.com/scalesetpriority", "spot"),
}


def check_apart(rendered: list[dict], values: dict):
    """A release of a run alone holds nothing of the workers', and both are installed side by side."""
    if has_workers(values):
        return
    for each in rendered:
        labels = each["metadata"]["labels"]
        component = labels.get("app.kubernetes.io/component")
        if each["kind"] in OF_WORKERS or component == "worker" or "grafana_dashboard" in labels:
            yield f"{name(each)} is the workers'"
    beside = {name(each) for each in objects(of_its_workers(values), release="beside")}
    yield from (f"{name(each)} is in the workers' release too" for each in rendered if name(each) in beside)


def check_spot(rendered: list[dict], values: dict):
    """Workers go where `affinity` and `spot` together say; whoever heeds notices stays until it is told to go."""
    required, preferred = (f"{one}DuringSchedulingIgnoredDuringExecution" for one in ("required", "preferred"))
    for each in of_kind(rendered, "Deployment"):
        its = values.get("classes", {}).get(each["metadata"]["labels"]["zagg-rs.github.io/class"])
        its = merged(values.get("worker", {}), its or {})
        own, spot = its.get("affinity", {}).get("nodeAffinity", {}), {"enabled": False} | its.get("spot", {})
        terms, preferences = own.get(required, {}).get("nodeSelectorTerms", []), own.get(preferred, [])
        provider = spot.get("provider", "karpenter")
        expression = {"key": SPOT[provider][0], "operator": "In", "values": [SPOT[provider][1]]}
        if spot["enabled"] and spot.get("required"):
            terms = [
                term | {"matchExpressions": [*term.get("matchExpressions", []), expression]} for term in terms or [{}]
            ]
        elif spot["enabled"]:
            preferences = [*preferences, {"weight": 100, "preference": {"matchExpressions": [expression]}}]
        found = pod(each)["spec"].get("affinity", {}).get("nodeAffinity", {})
        if (found.get(required, {}).get("nodeSelectorTerms", []), found.get(preferred, [])) != (terms, preferences):
            yield f"{name(each)} goes to other nodes than affinity and spot say"
        heeds = str(spot["enabled"] and provider in ("karpenter", "eks")).lower()
        its = settings(pod(each)["spec"]["containers"][0], rendered)
        if (its["ZAGG_SPOT"], its["ZAGG_STAY"]) != (heeds, heeds):
            yield f"{name(each)} heeds notices that nobody gives, or ends on a node that goes"


def check_run(rendered: list[dict], values: dict):
    """Who sends and who minds; whose end is the Job's; that all have what the values add."""
    run = values.get("run", {})
    for each in of_kind(rendered, "Job"):
        template = pod(each)
        found = {one["name"]: one for one in containers(template)}
        arguments = {key: {flag.split("=")[0] for flag in one.get("args", [])} for key, one in found.items()}
        waits, sends = run.get("wait", True), arguments["produce"]
        if ("mind" in found) != waits or ("--allow-refused" in sends) != waits:
            yield f"{name(each)}: refused shards are told by nobody, or end a run that is minded"
        if waits and (not {"--wait", "--resume"} <= arguments["mind"] or "--allow-refused" in arguments["mind"]):
            yield f"{name(each)}: nobody stays until the run is over, or tells what was refused"
        # Who clears what is done and sends only the rest leaves a run that never ends.
        if ("--resume" in sends) != (run.get("resume", True) and not run.get("overwrite", False)):
            yield f"{name(each)}: what an earlier try has sent is sent again, or never"
        if not all(its >= {"--place"} for key, its in arguments.items() if key in ("produce", "mind")):
            yield f"{name(each)}: does not say where the workers are"
        rules = [one["onExitCodes"] for one in each["spec"]["podFailurePolicy"]["rules"] if one["action"] == "FailJob"]
        ends = {one["containerName"]: one["values"] for one in rules}
        if ends != {key: [1, 2] for key in found if key in ("produce", "watch", "mind")}:
            yield f"{name(each)} tries again what cannot succeed: {ends}"
        for key, one in found.items():
            added = [more in one.get("env", []) for more in run.get("extraEnv", [])]
            added += [more in one["envFrom"] for more in run.get("extraEnvFrom", [])]
            if not all(added) and key != "fetch":
                yield f"{name(each)}: {key} has not what run.extraEnv and run.extraEnvFrom say"
        kept = {"karpenter.sh/do-not-disrupt": "true", "cluster-autoscaler.kubernetes.io/safe-to-evict": "false"}
        if not within(kept | run.get("podAnnotations", {}), template["metadata"]["annotations"]):
            yield f"{name(each)} may be moved at any time"


def check_labels(rendered: list[dict], values: dict):
    """Kubernetes takes every label, none is set twice, and all that the values say are there."""
    common = values.get("commonLabels", {})
    valid = re.compile(r"([A-Za-z0-9]([-._A-Za-z0-9]{0,61}[A-Za-z0-9])?)?")
    for each in rendered:
        for labels in [each["metadata"]["labels"]] + ([pod(each)["metadata"]["labels"]] if pod(each) else []):
            yield from (f"{name(each)}: {key}: {it}" for key, it in labels.items() if not valid.fullmatch(it))
        if not within(common, each["metadata"]["labels"]):
            yield f"{name(each)} has not all of commonLabels"
        own = values.get("run" if each["kind"] == "Job" else "worker", {}).get("podLabels", {})
        if pod(each) and not within(common | own, pod(each)["metadata"]["labels"]):
            yield f"{name(each)}: its pods have not all of commonLabels and podLabels"
    for path, text in manifests(values).items():
        for block in re.findall(r"labels:\n((?: +[^ ][^\n]*: [^\n]*\n)+)", text, re.IGNORECASE):
            keys = [line.split(":")[0] for line in block.splitlines()]
            if len(keys) != len(set(keys)):
                yield f"{path} sets a label twice"


def check_address(rendered: list[dict], values: dict):
    """The address of RabbitMQ names the virtual host, whatever letters that has."""
    queue = values.get("queue", {})
    for each in of_kind(rendered, "Deployment"):
        url = settings(pod(each)["spec"]["containers"][0], rendered)["ZAGG_QUEUE"]
        if queue.get("kind") == "rabbitmq" and url.startswith("amqp"):
            found = urllib.parse.unquote(urllib.parse.urlsplit(url).path.removeprefix("/")) or "/"
            if found != queue.get("vhost", "/") or urllib.parse.urlsplit(url).fragment:
                yield f"{name(each)} has its queue on the virtual host {found}"


def check_network(rendered: list[dict], values: dict):
    """Metadata and Pod Identity can be asked over IPv4 and IPv6."""
    for each in of_kind(rendered, "NetworkPolicy"):
        found = {
            to["ipBlock"]["cidr"] for rule in each["spec"]["egress"] for to in rule.get("to", []) if "ipBlock" in to
        }
        if values["networkPolicy"].get("linkLocal", True) != (found >= {"169.254.0.0/16", "fd00:ec2::/32"}):
            yield f"{name(each)} lets pods ask {found}"


def check_notes(rendered: list[dict], values: dict):
    """What is told after an installation can be typed, and warns of what the chart cannot help."""
    text = next(text for path, text in manifests(values).items() if path.endswith("NOTES.txt"))
    commands = [line.strip() for line in text.replace("\\\n", "").splitlines() if line.startswith("  ")]
    for command in commands:
        if command.split(" ")[0] in ("kubectl", "helm") and f" -n {NAMESPACE} " not in command:
            yield f"the notes name no namespace: {command}"
    jobs = {f"job/{each['metadata']['name']}" for each in of_kind(rendered, "Job")}
    if set(re.findall(r"job/[-a-z0-9]+", text)) != jobs:
        yield f"the notes tell of other Jobs than {jobs}"
    for each in of_kind(rendered, "Deployment"):
        its_class = each["metadata"]["labels"]["zagg-rs.github.io/class"]
        its = merged(values.get("worker", {}), values.get("classes", {}).get(its_class) or {})
        hasty = its.get("spot", {}).get("enabled") and its["spot"].get("provider") in ("gke", "aks")
        grace = int(settings(pod(each)["spec"]["containers"][0], rendered)["ZAGG_GRACE"])
        if bool(hasty and grace > 15) != (f"classes.{its_class}.grace is {grace} s" in text):
            yield f"the notes do not warn of {name(each)}'s grace, or without need"


EXPECTED = (check_apart, check_spot, check_run, check_labels, check_address, check_network, check_notes)
