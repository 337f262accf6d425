"""Checks that what the chart renders fits together, for every set of values: selectors and pods, references and what
they refer to, grace periods, ports, queues, and that every flag and variable is one of the programs'. Prints what does
not fit. Arguments: the folder of the built programs."""

import copy
import functools
import json
import pathlib
import re
import subprocess
import sys

import yaml
from chart_expected import EXPECTED
from chart_sets import (
    CHART,
    PAGE,
    ROOT,
    containers,
    has_workers,
    manifests,
    name,
    objects,
    objects_of_the_page,
    of_its_workers,
    of_kind,
    pod,
    sets,
    settings,
    within,
)

# Who reads it: the AWS SDK behind the SQS queue; and aws-cli in a container that fetches.
ELSEWHERE = {"AWS_ENDPOINT_URL_SQS", "HOME"}
PROGRAMS = ("/zagg-worker", "/zagg-produce", "/zagg status", "/zagg create-queue")


def known(folder: pathlib.Path) -> tuple[dict[str, set[str]], set[str]]:
    """The flags of each program or command, and all variables."""
    flags, variables = {}, set()
    for words in PROGRAMS:
        program, *more = words.removeprefix("/").split()
        text = subprocess.run([folder / program, *more, "--help"], check=True, capture_output=True, text=True).stdout
        flags[words] = set(re.findall(r"(?<![-\w])--?[a-z][-a-z]*", text))
        variables |= set(re.findall(r"\[env: ([A-Z_0-9]+)=?", text))
    text = (ROOT / "crates/program/src/environment.rs").read_text()
    variables |= {each for each in re.findall(r'"([A-Z][A-Z_0-9]+)"', text)}
    return flags, variables | ELSEWHERE


def strings(value) -> set[str]:
    """All texts of the values: what may be referred to without being made here."""
    if isinstance(value, dict):
        return set().union(*map(strings, value.values()))
    if isinstance(value, list):
        return set().union(*map(strings, value))
    return {value} if isinstance(value, str) else set()


def selections(each: dict):
    """What an object selects of pods, and of what component those must be."""
    spec = each.get("spec", {})
    match each["kind"]:
        case "Deployment" | "PodDisruptionBudget":
            yield spec["selector"]["matchLabels"]
        case "Service":
            yield spec["selector"]
        case "NetworkPolicy":
            yield spec["podSelector"]["matchLabels"]


def check_selectors(rendered: list[dict]):
    pods = [(each, pod(each)["metadata"]["labels"]) for each in rendered if pod(each)]
    for each in rendered:
        for labels in selections(each):
            hit = [owner for owner, its in pods if within(labels, its)]
            if not hit:
                yield f"{name(each)} selects no pod"
            if each["kind"] in ("Deployment", "PodDisruptionBudget") and [one["metadata"]["name"] for one in hit] != [
                each["metadata"]["name"]
            ]:
                yield f"{name(each)} selects {[name(one) for one in hit]}"
            if each["kind"] == "Service":
                component = each["spec"]["selector"]["app.kubernetes.io/component"]
                owners = {"worker": "Deployment", "run": "Job"}
                if {one["kind"] for one in hit} != {owners[component]}:
                    yield f"{name(each)} selects {[name(one) for one in hit]}"
            if each["kind"] == "NetworkPolicy" and len(hit) != len(pods):
                yield f"{name(each)} leaves pods out"
    for monitor in of_kind(rendered, "ServiceMonitor"):
        labels = monitor["spec"]["selector"]["matchLabels"]
        hit = [one for one in of_kind(rendered, "Service") if within(labels, one["metadata"]["labels"])]
        if len(hit) != 1 or hit[0]["spec"]["ports"][0]["name"] != monitor["spec"]["endpoints"][0]["port"]:
            yield f"{name(monitor)} finds {[name(one) for one in hit]}"
    deployments = {one["metadata"]["name"] for one in of_kind(rendered, "Deployment")}
    for scaler in of_kind(rendered, "ScaledObject") + of_kind(rendered, "HorizontalPodAutoscaler"):
        if scaler["spec"]["scaleTargetRef"]["name"] not in deployments:
            yield f"{name(scaler)} scales nothing"
        target = next(
            one for one in of_kind(rendered, "Deployment") if one["metadata"]["name"] == scaler["metadata"]["name"]
        )
        if "replicas" in target["spec"]:
            yield f"{name(target)} says how many pods, and so does {name(scaler)}"


def references(each: dict):
    """Kind and name of what an object refers to."""
    if each["kind"] == "ScaledObject":
        for trigger in each["spec"]["triggers"]:
            if "authenticationRef" in trigger:
                yield "TriggerAuthentication", trigger["authenticationRef"]["name"]
    if each["kind"] == "TriggerAuthentication":
        yield from (("Secret", key["name"]) for key in each["spec"].get("secretTargetRef", []))
    template = pod(each)
    if not template:
        return
    yield "ServiceAccount", template["spec"]["serviceAccountName"]
    yield from (("Secret", one["name"]) for one in template["spec"].get("imagePullSecrets", []))
    for volume in template["spec"].get("volumes", []):
        if "secret" in volume:
            yield "Secret", volume["secret"]["secretName"]
        if "configMap" in volume:
            yield "ConfigMap", volume["configMap"]["name"]
    for container in containers(template):
        for source in container.get("envFrom", []):
            kind, reference = next(iter(source.items()))
            yield kind[0].upper() + kind[1:].removesuffix("Ref"), reference["name"]
        for variable in container.get("env", []):
            if "secretKeyRef" in variable.get("valueFrom", {}):
                yield "Secret", variable["valueFrom"]["secretKeyRef"]["name"]
        for mount in container.get("volumeMounts", []):
            yield "Volume", mount["name"]


def check_references(rendered: list[dict], values: dict):
    made = {(each["kind"], each["metadata"]["name"]) for each in rendered}
    # Every namespace has the account `default`.
    named = strings(values) | {"default"}
    for each in rendered:
        volumes = {one["name"] for one in pod(each)["spec"].get("volumes", [])} if pod(each) else set()
        for kind, other in references(each):
            there = other in volumes if kind == "Volume" else (kind, other) in made or other in named
            if not there:
                yield f"{name(each)} refers to {kind}/{other}, which nobody makes or names"
    if len(made) != len(rendered):
        yield "two objects have one name"
    yield from (f"{name(each)} has too long a name" for each in rendered if len(each["metadata"]["name"]) > 63)


def check_drain(rendered: list[dict]):
    for each in of_kind(rendered, "Deployment"):
        spec = pod(each)["spec"]
        container = spec["containers"][0]
        pause = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        if spec["terminationGracePeriodSeconds"] < int(settings(container, rendered)["ZAGG_GRACE"]) + pause + 5:
            yield f"{name(each)} is killed before its grace period is over"
        if each["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] != 0:
            yield f"{name(each)} takes workers away before there are new ones"


def check_ports(rendered: list[dict], values: dict):
    port = values.get("metrics", {}).get("port", 9600)
    for each in rendered:
        if each["kind"] == "Service" and each["spec"]["ports"][0]["port"] != port:
            yield f"{name(each)} has another port than metrics.port"
        for container in containers(pod(each)) if pod(each) else []:
            listens = settings(container, rendered).get("ZAGG_LISTEN", "")
            listens = [one.split("=")[1] for one in container.get("args", []) if one.startswith("--listen=")] or [
                listens
            ]
            ports = container.get("ports", [])
            if ports and not (listens[0].endswith(f":{port}") and ports[0]["containerPort"] == port):
                yield f"{name(each)} listens at {listens}, not at the port of {ports}"
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                if probe in container and container[probe]["httpGet"]["port"] != ports[0]["name"]:
                    yield f"{name(each)}: {probe} asks at another port"


def check_programs(rendered: list[dict], flags: dict[str, set[str]], variables: set[str], values: dict):
    own = strings(values)
    for each in rendered:
        for container in containers(pod(each)) if pod(each) else []:
            program, arguments = container.get("command", ["/zagg-worker"])[0], container.get("args", [])
            if program == "/zagg":
                program = f"{program} {arguments[0]}"
            if program not in flags:
                if program.startswith("/zagg"):
                    yield f"{name(each)}: there is no {program}"
                continue
            for argument in arguments:
                flag = argument.split("=")[0]
                if flag.startswith("-") and flag not in flags[program]:
                    yield f"{name(each)}: {program} has no {flag}"
            found = settings(container, rendered)
            yield from (f"{name(each)}: {one}" for one in check_expansions(found))
            for variable in found:
                bare = variable.removeprefix("ZAGG_SOURCE_")
                if not variable.startswith("QUEUE_") and not {variable, bare} & (variables | own):
                    yield f"{name(each)}: nobody reads {variable}"


def check_expansions(found: dict[str, str]):
    """The kubelet expands `$(NAME)` if it comes after NAME."""
    order = list(found)
    used = {(one, variable) for variable, value in found.items() for one in re.findall(r"\$\((\w+)\)", value)}
    yield from (
        f"{user} uses {one}, which is not set before it" for one, user in used if one not in order[: order.index(user)]
    )
    unused = {one for one in order if one.startswith("QUEUE_")} - {one for one, _ in used}
    yield from (f"nobody uses {one}" for one in unused)


def queues(rendered: list[dict]) -> set[str]:
    """The queues that workers serve."""
    workers = [pod(each)["spec"]["containers"][0] for each in of_kind(rendered, "Deployment")]
    return {settings(one, rendered)["ZAGG_QUEUE"] for one in workers}


def check_queues(rendered: list[dict], values: dict):
    """What climbs arrives: a class's bigger queue is some class's queue; a run's queue too."""
    served_by = rendered if has_workers(values) else objects(of_its_workers(values))
    workers = [settings(pod(each)["spec"]["containers"][0], served_by) for each in of_kind(served_by, "Deployment")]
    served = queues(served_by)
    if len(served) != len(workers):
        yield "two classes serve one queue"
    yield from (
        f"nobody serves {one['ZAGG_BIGGER_QUEUE']}"
        for one in workers
        if one.get("ZAGG_BIGGER_QUEUE", next(iter(served))) not in served
    )
    for each in of_kind(rendered, "Job"):
        for container in containers(pod(each)):
            queue = settings(container, rendered).get("ZAGG_QUEUE")
            if container["name"] != "fetch" and queue not in served:
                yield f"{name(each)}: nobody serves {queue}"
        makers = [one for one in containers(pod(each)) if {"create-queue", "--create-queue"} & set(one.get("args", []))]
        made = {settings(one, rendered)["ZAGG_QUEUE"] for one in makers}
        if made and made != served:
            yield f"{name(each)} does not make {served - made}"


def check_confinement(rendered: list[dict]):
    for each in rendered:
        if each["kind"] == "Secret":
            yield f"{name(each)}: the chart is to make no Secrets"
        if not pod(each):
            continue
        spec = pod(each)["spec"]
        if not spec["securityContext"]["runAsNonRoot"] or spec["automountServiceAccountToken"]:
            yield f"{name(each)} may be root, or ask the API server"
        for container in containers(pod(each)):
            may = container["securityContext"]
            if (
                not may["readOnlyRootFilesystem"]
                or may["allowPrivilegeEscalation"]
                or may["capabilities"] != {"drop": ["ALL"]}
            ):
                yield f"{name(each)}: {container['name']} may too much"
            if "memory" not in container["resources"]["limits"]:
                yield f"{name(each)}: {container['name']} has no limit of memory"
            for variable in container.get("env", []):
                secret = re.search("PASSWORD|SECRET|TOKEN|ACCESS_KEY|USERNAME|_USER$|QUEUE_URL", variable["name"])
                if secret and "value" in variable and not variable["name"].endswith("_FILE"):
                    yield f"{name(each)}: {variable['name']} is written out"


def check_shown(shown: list[dict], flags: dict[str, set[str]], variables: set[str], values: dict):
    """The pods and Jobs that the page names fit the releases whose values it shows."""
    workers, run = objects(values, release="zagg"), objects(sets()["page-run"], release="run1")
    served = queues(workers)
    images = {one["image"] for each in of_kind(run, "Job") for one in containers(pod(each))}
    named = set(re.findall(r"(?<=job[/ ])[-a-z0-9]+zagg-run[-a-z0-9]*", PAGE.read_text()))
    if named != {each["metadata"]["name"] for each in of_kind(run, "Job")}:
        yield f"the page names the Jobs {named}"
    for each in shown:
        for container in containers(pod(each)):
            if settings(container, shown)["ZAGG_QUEUE"] not in served or container["image"] not in images:
                yield f"{name(each)} looks at another queue, or with another image"
    yield from check_references(shown, values)
    yield from check_programs(shown, flags, variables, values)
    yield from check_confinement(shown)


def check_files(rendered: list[dict]):
    folder = CHART / "dashboards"
    for each in of_kind(rendered, "PrometheusRule"):
        groups = [
            yaml.safe_load((folder / "rules" / f"{one}.yaml").read_text())["groups"] for one in ("recording", "alerts")
        ]
        if each["spec"]["groups"] != groups[0] + groups[1]:
            yield f"{name(each)} differs from the files of rules"
    maps = [one for one in of_kind(rendered, "ConfigMap") if "grafana_dashboard" in one["metadata"]["labels"]]
    kept = {key.removeprefix("zagg-"): json.loads(text) for one in maps for key, text in one["data"].items()}
    if maps and kept != {one.name: json.loads(one.read_text()) for one in (folder / "grafana").glob("*.json")}:
        yield "the dashboards differ from their files"


def spoilt(rendered: list[dict], checks) -> list[str]:
    """Spoils what fits together, one thing at a time; gives what no check found."""

    def change(kind, do):
        other = copy.deepcopy(rendered)
        do(of_kind(other, kind)[0])
        return other

    def container(each):
        return containers(pod(each))[0]

    def variable(**one):
        return lambda each: container(each)["env"].append(one)

    reference = {"secretKeyRef": {"name": "nobodys", "key": "key"}}
    cases = {
        "a Service's selector": change("Service", lambda each: each["spec"]["selector"].update(tier="none")),
        "a budget's selector": change(
            "PodDisruptionBudget",
            lambda each: each["spec"]["selector"].update(matchLabels={"app.kubernetes.io/part-of": "zagg"}),
        ),
        "a monitor's selector": change(
            "ServiceMonitor", lambda each: each["spec"]["selector"].update(matchLabels={"a": "b"})
        ),
        "a Secret that nobody names": change("Deployment", variable(name="EARTHDATA_TOKEN", valueFrom=reference)),
        "a password in a manifest": change("Deployment", variable(name="EARTHDATA_PASSWORD", value="hunter2")),
        "a variable that nobody reads": change("Deployment", variable(name="ZAGG_SLOT", value="1")),
        "an expansion of nothing": change("Deployment", variable(name="ZAGG_WORKER_NAME", value="$(QUEUE_HOST)")),
        "a flag that is none": change("Job", lambda each: container(each)["args"].append("--watching")),
        "a queue that nobody serves": change("Job", variable(name="ZAGG_QUEUE", value="redis://elsewhere")),
        "a Job that tries again what cannot succeed": change(
            "Job", lambda each: each["spec"]["podFailurePolicy"]["rules"].pop()
        ),
        "a sender whose refusals end the run": change(
            "Job", lambda each: container(each)["args"].remove("--allow-refused")
        ),
        "another port": change("Service", lambda each: each["spec"]["ports"][0].update(port=80)),
        "too short a grace period": change(
            "Deployment", lambda each: pod(each)["spec"].update(terminationGracePeriodSeconds=100)
        ),
        "a root that can be written": change(
            "Job", lambda each: container(each)["securityContext"].update(readOnlyRootFilesystem=False)
        ),
        "another rule": change("PrometheusRule", lambda each: each["spec"]["groups"].pop()),
        "a name twice": rendered + [rendered[0]],
    }
    return [what for what, other in cases.items() if not any(list(check(other)) for check in checks)]


def turned(value):
    """The same values in another order."""
    return {key: turned(value[key]) for key in reversed(value)} if isinstance(value, dict) else value


def check_repeats(values: dict):
    first = manifests(values)
    if any(manifests(each) != first for each in (values, turned(values))):
        yield "two renders differ"


flags, variables = known(pathlib.Path(sys.argv[1]))
found, missed = {}, None
for set_name, values in sets().items():
    rendered = objects(values)
    checks = [
        check_selectors,
        functools.partial(check_references, values=values),
        check_drain,
        functools.partial(check_ports, values=values),
        functools.partial(check_programs, flags=flags, variables=variables, values=values),
        functools.partial(check_queues, values=values),
        *(functools.partial(check, values=values) for check in EXPECTED),
        check_confinement,
        check_files,
    ]
    found[set_name] = [problem for check in checks for problem in check(rendered)] + list(check_repeats(values))
    if set_name == "monitoring":
        missed = spoilt(rendered, checks)
found["shown"] = list(check_shown(objects_of_the_page(), flags, variables, sets()["page"]))
counts = {program: len(its) for program, its in flags.items()}
print(json.dumps({"sets": found, "missed": missed, "flags": counts, "variables": len(variables)}))
