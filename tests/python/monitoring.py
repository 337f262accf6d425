"""Judges the rules, their tests, the dashboards and the runbook against each other and against the metrics that exist.

    monitoring.py ROOT

Prints a JSON object: what was looked at, and `problems`.
"""

import json
import re
import sys
from pathlib import Path

import yaml

RUNBOOK = "https://github.com/zagg-rs/zagg/blob/main/docs/operations/runbook.md#"

# Figures of others: Prometheus itself, RabbitMQ's plugin, Redis's exporter.
FOREIGN = {
    "up",
    "ALERTS",
    "rabbitmq_alarms_free_disk_space_watermark",
    "rabbitmq_alarms_memory_used_watermark",
    "rabbitmq_disk_space_available_bytes",
    "rabbitmq_disk_space_available_limit_bytes",
    "rabbitmq_process_resident_memory_bytes",
    "rabbitmq_queue_messages_ready",
    "rabbitmq_queue_messages_unacked",
    "rabbitmq_resident_memory_limit_bytes",
    "redis_aof_enabled",
    "redis_commands_processed_total",
    "redis_evicted_keys_total",
    "redis_memory_max_bytes",
    "redis_memory_used_bytes",
}
# Labels that scraping adds, or that are no metric's own.
LABELS = {"namespace", "job", "instance", "le", "alertname", "alertstate", "severity"}
WORDS = {"by", "on", "and", "or", "unless", "without", "ignoring", "group_left", "group_right", "bool", "offset", "inf", "nan"}
UNITS = {"short", "none", "percentunit", "s", "ops", "reqps", "wps", "cps", "bytes", "Bps", "MBs", "currencyUSD"}


def metrics_of(page):
    """Names and labels in docs/reference/metrics.md, with those that a histogram has."""
    known = {}
    for name, kind, labels in re.findall(r"^\| `(\w+)` \| ([^|]*?) \| ([^|]*?) \|", page, re.M):
        labels = set(re.findall(r"`(\w+)`", labels))
        for ending in ["_bucket", "_sum", "_count"] if kind.startswith("histogram") else [""]:
            known[name + ending] = labels
    return known


def names_in(expression):
    """The metrics that an expression names, each with the labels that it asks them for."""
    expression = re.sub(r'"[^"]*"', '""', expression)
    found = []
    for match in re.finditer(r"(?<![\w:$\"])([a-zA-Z_][\w:]*)(\s*)([({]?)", re.sub(r"\[[^\]]*\]|\b(by|on|without|ignoring)\s*\([^)]*\)", " ", expression)):
        name, _, then = match.groups()
        if then == "(" or name in WORDS:
            continue
        rest = match.string[match.end() :]
        asked = re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", rest[: rest.index("}")]) if then == "{" else []
        found.append((name, set(asked)))
    # What stands within braces are labels.
    inside = {label for braces in re.findall(r"\{([^}]*)\}", expression) for label in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", braces)}
    return [(name, asked) for name, asked in found if name not in inside]


def slug(heading):
    """A heading's anchor, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def groups(path):
    return yaml.safe_load(path.read_text())["groups"]


class Judge:
    def __init__(self, root):
        self.root = Path(root)
        self.boards = self.root / "deployment/dashboards"
        self.problems = []
        self.metrics = metrics_of((self.root / "docs/reference/metrics.md").read_text())
        self.records = {rule["record"]: rule["expr"] for group in groups(self.boards / "rules/recording.yaml") for rule in group["rules"]}
        self.alerts = {rule["alert"]: rule for group in groups(self.boards / "rules/alerts.yaml") for rule in group["rules"]}
        self.used = set()

    def expression(self, where, expression):
        for name, labels in names_in(expression):
            self.used.add(name)
            if name in self.records or name in FOREIGN:
                continue
            if name not in self.metrics:
                self.problems.append(f"{where}: nobody tells of {name}")
            elif not labels <= self.metrics[name] | LABELS:
                self.problems.append(f"{where}: {name} has no label {sorted(labels - self.metrics[name] - LABELS)}")

    def rules(self):
        for name, expression in self.records.items():
            self.expression(name, expression)
        anchors = {slug(heading) for heading in re.findall(r"^#+ (.+)$", (self.root / "docs/operations/runbook.md").read_text(), re.M)}
        for name, rule in self.alerts.items():
            self.expression(name, rule["expr"])
            if rule["labels"].get("severity") not in ("warning", "critical"):
                self.problems.append(f"{name}: severity {rule['labels']}")
            if sorted(rule["annotations"]) != ["description", "runbook_url", "summary"]:
                self.problems.append(f"{name}: annotations {sorted(rule['annotations'])}")
            page, _, anchor = rule["annotations"].get("runbook_url", "").partition("#")
            if page + "#" != RUNBOOK or anchor != name.lower() or anchor not in anchors:
                self.problems.append(f"{name}: no entry `{name}` in the runbook, or not linked")
        self.tests()

    def tests(self):
        fires, silent = set(), set()
        for path in sorted((self.boards / "rules/tests").glob("*.yaml")):
            for test in yaml.safe_load(path.read_text())["tests"]:
                for case in test.get("alert_rule_test", []):
                    (fires if case["exp_alerts"] else silent).add(case["alertname"])
        for name in self.alerts:
            if name not in fires:
                self.problems.append(f"{name}: no test in which it fires")
            if name not in silent:
                self.problems.append(f"{name}: no test in which it is silent")

    def board(self, path):
        board = json.loads(path.read_text())
        name = path.name
        if board["uid"] != f"zagg-{path.stem}" or board["id"] is not None or board["schemaVersion"] < 39:
            self.problems.append(f"{name}: uid, id or schemaVersion")
        if path.stat().st_size > 900_000:
            self.problems.append(f"{name}: too large for a ConfigMap")
        variables = {variable["name"]: variable for variable in board["templating"]["list"]}
        if variables["datasource"]["query"] != "prometheus":
            self.problems.append(f"{name}: no variable for the data source")
        for variable in variables.values():
            if variable["type"] == "query":
                self.expression(f"{name}, variable {variable['name']}", re.sub(r"label_values\((.*), *\w+\)", r"\1", variable["definition"]))
        self.sources(name, board["panels"])
        self.sources(name, board["templating"])
        taken, numbers = set(), set()
        panels = 0
        for panel in board["panels"]:
            where = f"{name}, {panel['title']}"
            if panel["id"] in numbers:
                self.problems.append(f"{where}: id {panel['id']} is another's too")
            numbers.add(panel["id"])
            at = panel["gridPos"]
            squares = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            if squares & taken or at["x"] + at["w"] > 24:
                self.problems.append(f"{where}: lies over another, or outside")
            taken |= squares
            if panel["type"] != "row":
                panels += 1
                self.panel(where, panel, variables)
        return panels

    def panel(self, where, panel, variables):
        defaults = panel["fieldConfig"]["defaults"]
        if not panel["description"].endswith(".") or defaults["unit"] not in UNITS or not defaults["thresholds"]["steps"]:
            self.problems.append(f"{where}: description, unit or thresholds")
        if not panel["targets"] or len({target["refId"] for target in panel["targets"]}) != len(panel["targets"]):
            self.problems.append(f"{where}: no queries, or two of one name")
        for target in panel["targets"]:
            self.expression(where, target["expr"])
            for used in re.findall(r"\$\{?(\w+)", target["expr"]):
                if used not in variables and used != "__rate_interval":
                    self.problems.append(f"{where}: no variable {used}")
            if "$namespace" not in target["expr"]:
                self.problems.append(f"{where}: looks at every namespace")

    def sources(self, where, part):
        """Every data source is the variable."""
        if isinstance(part, dict):
            source = part.get("datasource")
            if source is not None and source != {"type": "prometheus", "uid": "${datasource}"}:
                self.problems.append(f"{where}: data source {source}")
            part = list(part.values())
        if isinstance(part, list):
            for one in part:
                self.sources(where, one)

    def unused(self):
        for name in self.records.keys() - self.used:
            self.problems.append(f"{name}: recorded for nobody")


def main():
    judge = Judge(sys.argv[1])
    judge.rules()
    paths = sorted((judge.boards / "grafana").glob("*.json"))
    panels = {path.stem: judge.board(path) for path in paths}
    judge.unused()
    print(json.dumps({"alerts": sorted(judge.alerts), "records": sorted(judge.records), "panels": panels, "problems": judge.problems}))


main()
