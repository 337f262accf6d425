"""The Helm chart and the sets of values that it is rendered with, for the other scripts. Given values as JSON, prints
the objects of a render as a JSON list."""

import json
import pathlib
import re
import sys

import helm_python
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHART = ROOT / "k8s" / "zagg"
PAGE = ROOT / "docs/operations/kubernetes.md"
RELEASE, NAMESPACE = "r1", "fleet"
# What the page about Kubernetes calls the values of a run.
OF_A_RUN = "# run1.yaml"


def merged(one, other):
    """As Helm merges a second file of values into the first."""
    if not (isinstance(one, dict) and isinstance(other, dict)):
        return other
    return one | {key: merged(one.get(key), value) for key, value in other.items()}


def on_the_page() -> list[tuple[str, dict]]:
    """The YAML that docs/operations/kubernetes.md shows: its text, and what that says."""
    text = PAGE.read_text()
    return [(block, yaml.safe_load(block)) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]


def objects_of_the_page() -> list[dict]:
    """What its reader makes without the chart."""
    return [shown for _, shown in on_the_page() if "apiVersion" in shown]


def of_the_page() -> tuple[dict, dict]:
    """What a reader of docs/operations/kubernetes.md ends with: the values of the workers' release, all that the page
    shows; and those of the run's, with its pipeline."""
    workers, run = {}, {"pipelines": {"atl06.yaml": (ROOT / "configs/pipelines/atl06.yaml").read_text()}}
    for block, shown in on_the_page():
        if "apiVersion" in shown:
            continue
        if block.startswith(OF_A_RUN):
            run = merged(run, shown)
        else:
            workers = merged(workers, shown)
    return workers, merged(workers, run)


def sets() -> dict[str, dict]:
    """Values by name: the chart's own, those of k8s/zagg/ci, and those of the page about Kubernetes."""
    workers, run = of_the_page()
    found = {"default": {}, "page": workers, "page-run": run}
    for path in sorted((CHART / "ci").glob("*.yaml")):
        found[path.stem] = yaml.safe_load(path.read_text())
    return found


def manifests(values: dict, chart: helm_python.Chart | None = None, release: str = RELEASE) -> dict[str, str]:
    """The text of each template, as `helm template` gives it."""
    chart = chart or helm_python.Chart.load(str(CHART))
    return chart.render(values, name=release, namespace=NAMESPACE)


def has_workers(values: dict) -> bool:
    return values.get("workers", {}).get("enabled", True)


def of_its_workers(values: dict) -> dict:
    """The values of the workers' release beside a run's."""
    return merged(values, {"workers": {"enabled": True}, "run": {"enabled": False}})


def objects(values: dict, release: str = RELEASE) -> list[dict]:
    """The objects of a render."""
    texts = [text for path, text in manifests(values, release=release).items() if not path.endswith("NOTES.txt")]
    return [each for text in texts for each in yaml.safe_load_all(text) if each]


def of_kind(all_objects: list[dict], kind: str) -> list[dict]:
    return [each for each in all_objects if each["kind"] == kind]


def name(each: dict) -> str:
    return f"{each['kind']}/{each['metadata']['name']}"


def pod(each: dict) -> dict | None:
    """The pod template of a workload; a pod."""
    if each["kind"] == "Pod":
        return each
    return each["spec"]["template"] if each["kind"] in ("Deployment", "Job") else None


def containers(template: dict) -> list[dict]:
    return template["spec"].get("initContainers", []) + template["spec"]["containers"]


def within(some: dict, all_of: dict) -> bool:
    return all(all_of.get(key) == value for key, value in some.items())


def settings(container: dict, rendered: list[dict]) -> dict[str, str]:
    """A container's variables; those from Secrets by their reference."""
    found = {}
    for source in container.get("envFrom", []):
        other = [
            one
            for one in of_kind(rendered, "ConfigMap")
            if one["metadata"]["name"] == source.get("configMapRef", {}).get("name")
        ]
        found |= other[0]["data"] if other else {}
    for variable in container.get("env", []):
        found[variable["name"]] = variable.get("value", "from a Secret")
    return found


if __name__ == "__main__":
    print(json.dumps(objects(json.loads(sys.argv[1]))))
