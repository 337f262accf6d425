"""Lints the chart and validates every object of every set of values: Kubernetes' own by its OpenAPI schemas, of several
releases, KEDA's and the Prometheus operator's by models of their CRDs. Prints what is wrong, and that wrong things
would have been found."""

import copy
import json
import math

import helm_python
import kubernetes_validate
import yaml
from chart_sets import CHART, name, objects, objects_of_the_page, sets
from cloudcoil.models.keda import v1alpha1 as keda
from cloudcoil.models.prometheus_operator import v1 as monitoring

RELEASES = ["1.29", "1.32", kubernetes_validate.latest_version()]
MODELS = {
    "keda.sh/v1alpha1": keda,
    "monitoring.coreos.com/v1": monitoring,
}
# What KEDA's scalers read; a ScaledObject's schema takes any key.
TRIGGERS = {
    "aws-sqs-queue": {"queueURL", "queueLength", "awsRegion", "awsEndpoint", "scaleOnInFlight"},
    "rabbitmq": {"protocol", "host", "vhostName", "queueName", "mode", "value", "excludeUnacknowledged"},
    "redis-streams": {
        "address", "databaseIndex", "stream", "consumerGroup", "lagCount", "pendingEntriesCount", "streamLength",
        "enableTLS",
    },
}  # fmt: skip


def lost(given, kept, path=""):
    """What a model did not take over: its fields that it does not know."""
    if isinstance(given, dict) and isinstance(kept, dict):
        for key, value in given.items():
            if key not in kept:
                yield f"{path}.{key} is no field"
            else:
                yield from lost(value, kept[key], f"{path}.{key}")
    elif isinstance(given, list) and isinstance(kept, list) and len(given) == len(kept):
        for n, (one, other) in enumerate(zip(given, kept, strict=True)):
            yield from lost(one, other, f"{path}[{n}]")
    elif type(given) is not type(kept) and not (isinstance(given, float) and math.isclose(given, float(kept))):
        yield f"{path} is a {type(given).__name__}, to be a {type(kept).__name__}"


def by_model(each: dict) -> list[str]:
    model = getattr(MODELS[each["apiVersion"]], each["kind"])
    try:
        kept = model.model_validate(each).model_dump(by_alias=True, exclude_unset=True, mode="json")
    except ValueError as error:
        return [str(error)]
    problems = list(lost(each, kept))
    for trigger in each["spec"].get("triggers", []):
        known = TRIGGERS[trigger["type"]]
        problems += [f"{trigger['type']} has no {key}" for key in trigger["metadata"] if key not in known]
        problems += [f"{key} is no text" for key, value in trigger["metadata"].items() if not isinstance(value, str)]
    return problems


def by_schema(each: dict) -> list[str]:
    problems = []
    for release in RELEASES:
        try:
            kubernetes_validate.validate(each, release, strict=True)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
            problems.append(f"{release}: {getattr(error, 'message', error)}")
    return problems


def problems_of(each: dict) -> list[str]:
    return by_model(each) if each["apiVersion"] in MODELS else by_schema(each)


def spoilt(each: dict) -> list[dict]:
    """The object with an unknown field, with a field of another type."""
    unknown, typed = copy.deepcopy(each), copy.deepcopy(each)
    spec = unknown.get("spec", unknown)
    spec["terminationGracePeriod"] = 1
    typed["metadata"]["labels"] = "none"
    return [unknown, typed]


def untold(schema: dict, defaults, path=""):
    """Values that the schema knows and values.yaml does not show."""
    for key, inner in schema.get("properties", {}).items():
        inner = SCHEMA["definitions"][inner["$ref"].split("/")[-1]] if "$ref" in inner else inner
        if key not in defaults:
            yield f"{path}.{key}"
        elif isinstance(defaults[key], dict):
            yield from untold(inner, defaults[key], f"{path}.{key}")


SCHEMA = json.loads((CHART / "values.schema.json").read_text())
DEFAULTS = yaml.safe_load((CHART / "values.yaml").read_text())
classes, worker = (SCHEMA["definitions"][one]["properties"] for one in ("class", "worker"))
# A class may say all that `worker` says, and three things of its own.
assert {key: classes[key] for key in worker} == worker and classes.keys() - worker.keys() == {
    "enabled",
    "queue",
    "bigger",
}

found, kinds, missed = {}, {}, []
for set_name, values in sets().items():
    linted = helm_python.lint(str(CHART), values, strict=True, kube_version="v1.32.0")
    messages = [each["error"] for each in linted["messages"] if each["error"] != "icon is recommended"]
    problems = [f"lint: {each}" for each in linted["errors"] + messages]
    for each in objects(values):
        problems += [f"{name(each)}: {problem}" for problem in problems_of(each)]
        if each["kind"] not in kinds:
            missed += [each["kind"] for wrong in spoilt(each) if not problems_of(wrong)]
        kinds[each["kind"]] = kinds.get(each["kind"], 0) + 1
    found[set_name] = problems
shown = objects_of_the_page()
found["shown"] = [f"{name(each)}: {problem}" for each in shown for problem in problems_of(each)]
print(json.dumps({"sets": found, "kinds": kinds, "missed": missed, "untold": list(untold(SCHEMA, DEFAULTS))}))
