"""Judges the templates of deployment/aws in what neither the linter nor an emulator refuses.

    python3 aws_templates.py FOLDER

Prints {"faults": [...], "allows": N, "alarms": [...]}: what is wrong, how many statements allow something, and which
alarms there are.
"""

import json
import pathlib
import re
import sys

from cfnlint.decode import decode

# Amazon knows no narrower resource for it.
OF_THE_ACCOUNT = {"ecr:GetAuthorizationToken"}
# Remedies clear what they compute anew; nobody else deletes objects.
MAY_DELETE = ("base", "Repairer")
# What a role is for, and must therefore allow: template, resource, action.
NEEDED = [
    ("lambda", "Role", "sqs:ReceiveMessage"),
    ("lambda", "Role", "sqs:DeleteMessage"),
    ("lambda", "Role", "sqs:ChangeMessageVisibility"),
    ("lambda", "Role", "sqs:SendMessage"),
    ("ecs", "WorkerRole", "sqs:ReceiveMessage"),
    ("ecs", "WorkerRole", "sqs:DeleteMessage"),
    ("ecs", "WorkerRole", "sqs:ChangeMessageVisibility"),
    ("ecs", "WorkerRole", "sqs:SendMessage"),
    ("ecs", "WorkerRole", "ecs:GetTaskProtection"),
    ("ecs", "WorkerRole", "ecs:UpdateTaskProtection"),
    ("ecs", "ProducerRole", "sqs:SendMessage"),
    ("base", "Repairer", "s3:DeleteObject"),
    ("base", "Producer", "kms:GenerateDataKey"),
    ("base", "Producer", "kms:Decrypt"),
    ("lambda", "Role", "kms:GenerateDataKey"),
    ("lambda", "Role", "kms:Decrypt"),
    ("ecs", "WorkerRole", "kms:GenerateDataKey"),
    ("ecs", "WorkerRole", "kms:Decrypt"),
    ("ecs", "ProducerRole", "kms:GenerateDataKey"),
    ("ecs", "ProducerRole", "kms:Decrypt"),
    ("ecs", "ExecutionRole", "kms:Decrypt"),
]
# Where Amazon's consoles are, by partition.
CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-us-gov": "console.amazonaws-us-gov.com",
    "aws-cn": "console.amazonaws.cn",
}
# What holds results, or guards them, and outlives its stack.
KEPT = ("AWS::S3::Bucket", "AWS::S3::BucketPolicy")


def load(folder, name):
    template, matches = decode(str(folder / f"zagg-{name}.yaml"))
    if matches:
        raise SystemExit(f"zagg-{name}.yaml: {matches}")
    return template


def listed(value):
    return value if isinstance(value, list) else [value]


def branches(value):
    """A value, or what it is by conditions."""
    if isinstance(value, dict) and set(value) == {"Fn::If"}:
        for branch in value["Fn::If"][1:]:
            yield from branches(branch)
    elif isinstance(value, list):
        for item in value:
            yield from branches(item)
    elif value != {"Ref": "AWS::NoValue"}:
        yield value


def statements(resource):
    """All statements of a role's or a policy's permissions."""
    properties = resource.get("Properties", {})
    documents = [policy["PolicyDocument"] for policy in branches(properties.get("Policies", []))]
    if "PolicyDocument" in properties:
        documents.append(properties["PolicyDocument"])
    for document in documents:
        yield from branches(document["Statement"])


def pinned(resource):
    """Whether a statement's resource names something of this stack, or something that it was given."""
    text = json.dumps(resource)
    named = any(word in text for word in ("${", "Ref", "Fn::GetAtt"))
    return resource != "*" and named and not text.rstrip('"]}').endswith(":*")


def judge_policies(name, template):
    for logical, resource in template["Resources"].items():
        for statement in statements(resource):
            if statement["Effect"] != "Allow":
                continue
            actions = listed(statement["Action"])
            yield logical, actions, statement
            for action in actions:
                if "*" in action:
                    yield logical, [], f"{name}/{logical} allows {action}"
                if action.startswith("s3:Delete") and (name, logical) != MAY_DELETE:
                    yield logical, [], f"{name}/{logical} may delete objects"
            if "Principal" in statement:
                yield logical, [], f"{name}/{logical} lets others in: {statement['Principal']}"
            if not set(actions) <= OF_THE_ACCOUNT:
                for target in listed(statement["Resource"]):
                    if not pinned(target):
                        yield logical, [], f"{name}/{logical} allows {actions} on {target}"


def judge_keys(name, template):
    """IAM grants on keys alone: the ARN of an alias is taken, and allows nothing."""
    for parameter, properties in template["Parameters"].items():
        pattern = properties.get("AllowedPattern", "")
        if ":kms:" not in pattern:
            continue
        arn = "arn:aws-us-gov:kms:us-gov-west-1:123456789012:"
        takes = [bool(re.fullmatch(pattern, given)) for given in ("", f"{arn}key/mrk-1234abcd", f"{arn}alias/zagg")]
        if takes != [True, True, False]:
            yield f"{name}/{parameter} takes other than the ARN of a key"


def judge_console(name, template):
    consoles = template.get("Mappings", {}).get("Consoles", {})
    if {partition: at["Host"] for partition, at in consoles.items()} != CONSOLES:
        yield f"{name} does not know the console of each partition"
    url = template["Outputs"]["DashboardUrl"]["Value"]["Fn::Sub"]
    if url[1] != {"Console": {"Fn::FindInMap": ["Consoles", {"Ref": "AWS::Partition"}, "Host"]}}:
        yield f"{name} names another partition's console"


def default(template, name):
    return template["Parameters"][name]["Default"]


def resolved(value, template, given):
    """What CloudFormation makes of a value, with these parameters beside the defaults."""
    if not isinstance(value, dict):
        return value
    ((function, of),) = value.items()
    if function == "Ref":
        return given.get(of, default(template, of))
    if function == "Fn::If":
        condition = resolved(template["Conditions"][of[0]], template, given)
        return resolved(of[1 if condition else 2], template, given)
    if function == "Fn::Equals":
        return resolved(of[0], template, given) == resolved(of[1], template, given)
    if function == "Fn::FindInMap":
        return template["Mappings"][of[0]][resolved(of[1], template, given)][of[2]]
    if function == "Fn::Sub":
        text, own = (of, {}) if isinstance(of, str) else of
        return re.sub(r"\$\{(\w+)\}", lambda n: str(resolved(own.get(n[1], {"Ref": n[1]}), template, given)), text)
    raise SystemExit(f"{function} is not known here")


def computed(metrics, figures, template, given):
    """What metric math makes of these figures, None for one that is missing."""
    known = dict(figures, FILL=lambda figure, other: other if figure is None else figure)
    known["IF"] = lambda condition, yes, no: yes if condition else no
    for metric in sorted(metrics, key=lambda metric: metric["ReturnData"]):
        if "Expression" in metric:
            expression = resolved(metric["Expression"], template, given).replace(" AND ", " and ")
            known[metric["Id"]] = eval(expression, {"__builtins__": {}}, known)
        elif metric["Id"] not in known:
            raise SystemExit(f"{metric['Id']} has no figure here")
        result = known[metric["Id"]]
    return result


def judge_costs(function, service):
    """By the prices of our table."""
    table = pathlib.Path(__file__).parents[2] / "crates/core/src/price.rs"
    prices = re.findall(r"pub const (\w+): f64 = ([0-9._e-]+);", table.read_text())
    prices = {name: float(price) for name, price in prices}
    alarms = [template["Resources"]["Cost"]["Properties"] for template in (function, service)]
    for name, alarm in zip(("lambda", "ecs"), alarms):
        periods = {metric["MetricStat"]["Period"] for metric in alarm["Metrics"] if "MetricStat" in metric}
        if periods != {3600} or alarm["Threshold"] != {"Ref": "CostPerHour"}:
            yield f"{name}/Cost is not about CostPerHour"
    board = function["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"][0]
    if alarms[0]["Metrics"][0]["Expression"]["Fn::Sub"][0] not in board:
        yield "lambda/Dashboard does not show the cost that the alarm is about"
    # Ten invocations that hang until a time-out of 900 seconds, and report nothing; then the same with objects written.
    for architecture, price in (("arm64", "LAMBDA_ARM_GB_SECOND"), ("x86_64", "LAMBDA_X86_GB_SECOND")):
        for objects in (None, 120):
            figures = {"duration": 9_000_000, "invocations": 10, "objects": objects}
            cost = computed(alarms[0]["Metrics"], figures, function, {"Architecture": architecture})
            wanted = 9000 * default(function, "MemorySize") / 1024 * prices[price] + 10 * prices["LAMBDA_REQUEST"]
            wanted += (objects or 0) * prices["S3_PUT"]
            if abs(cost - wanted) > 1e-9:
                yield f"lambda/Cost is {cost} on {architecture}, and by price.rs {wanted}"
    # Two tasks of four cores, for an hour.
    cost = computed(alarms[1]["Metrics"], {"tasks": 120}, service, {"Size": "4vcpu-8gb"})
    if abs(cost - 8 * prices["CONTAINER_VCPU_HOUR"]) > 1e-9:
        yield f"ecs/Cost is {cost}, and by price.rs {8 * prices['CONTAINER_VCPU_HOUR']}"


def judge_scaling(service):
    """One metric decides how many tasks there are, so that nothing is scaled in that another reason scaled out."""
    resources = service["Resources"]
    tracked = resources["Backlog"]["Properties"]["TargetTrackingScalingPolicyConfiguration"]
    policies = [name for name, resource in resources.items() if resource["Type"].endswith("ScalingPolicy")]
    if policies != ["Backlog", "Wake"] or tracked["TargetValue"] != {"Ref": "JobsPerTask"}:
        yield f"ecs is scaled by {policies}"
    metrics = tracked["CustomizedMetricSpecification"]["Metrics"]
    target, late = default(service, "JobsPerTask"), default(service, "OverdueJob")
    for figures, wanted in (
        ((3, 5, 4, 10), 2),
        ((3, 5, 4, None), 2),
        ((3, 5, 4, late), 1.5 * target),
        ((0, 8, 4, late), 2),
        ((400, 0, 4, late), 100),
        ((40, 0, None, 10), 40),
    ):
        told = computed(metrics, dict(zip(("ready", "inflight", "tasks", "age"), figures)), service, {})
        if told != wanted:
            yield f"ecs/Backlog tracks {told} where (ready, inflight, tasks, age) are {figures}, and should {wanted}"


def judge_boards(name, template):
    for logical, resource in template["Resources"].items():
        if resource["Type"] == "AWS::CloudWatch::Dashboard":
            body = resource["Properties"]["DashboardBody"]["Fn::Sub"][0]
            try:
                json.loads(re.sub(r"\$\{[^}]*\}", "0", body))
            except ValueError as error:
                yield f"{name}/{logical} is no JSON: {error}"


def judge_names(templates):
    """All stacks stand side by side under one name."""
    seen = set()
    for name, template in templates.items():
        for logical, resource in template["Resources"].items():
            if resource["Type"] == "AWS::CloudWatch::Alarm":
                called = resource["Properties"]["AlarmName"]["Fn::Sub"]
                if called in seen:
                    yield f"{name}/{logical} is not the only alarm called {called}"
                seen.add(called)


def judge_numbers(base, function, service):
    visibility, timeout = default(base, "VisibilityTimeout"), default(function, "Timeout")
    if visibility < 6 * timeout:
        yield f"VisibilityTimeout {visibility} is below six times Timeout {timeout}"
    for template in (base, function):
        if default(template, "MaxReceiveCount") < 5:
            yield "MaxReceiveCount is below 5"
    mapping = function["Resources"]["Mapping"]["Properties"]
    if function["Parameters"]["BatchSize"]["MaxValue"] > 10 and "MaximumBatchingWindowInSeconds" not in mapping:
        yield "BatchSize above 10 wants a window"
    if mapping["FunctionResponseTypes"] != ["ReportBatchItemFailures"]:
        yield "the mapping takes no partial answers"
    queue = base["Resources"]["Queue"]["Properties"]
    dead = base["Resources"]["DeadLetterQueue"]["Properties"]
    if dead["MessageRetentionPeriod"] <= queue["MessageRetentionPeriod"]:
        yield "the dead-letter queue forgets before the queue does: ages are counted from the first sending"
    (worker,) = service["Resources"]["Worker"]["Properties"]["ContainerDefinitions"]
    variables = {v["Name"]: v["Value"] for v in branches(worker["Environment"])}
    if not int(variables["ZAGG_GRACE"]) < worker["StopTimeout"] <= 120:
        yield f"ZAGG_GRACE {variables['ZAGG_GRACE']}, StopTimeout {worker['StopTimeout']}, and Fargate gives 120 seconds"


def judge_service(service):
    for task in ("Worker", "ProducerTask"):
        for container in service["Resources"][task]["Properties"]["ContainerDefinitions"]:
            name = f"ecs/{task}/{container['Name']}"
            if "LogConfiguration" not in container:
                yield f"{name} has no log"
            if container["Name"] == "inputs":
                continue
            user = container.get("User", "0").split(":")[0]
            if not container.get("ReadonlyRootFilesystem") or user in ("0", "root"):
                yield f"{name} may write to its root, or is root"
            if container["LinuxParameters"]["Capabilities"] != {"Drop": ["ALL"]}:
                yield f"{name} has capabilities"
            for variable in branches(container["Environment"]):
                if any(word in variable["Name"] for word in ("PASSWORD", "TOKEN", "SECRET")):
                    yield f"{name} has a secret in its environment: {variable['Name']}"
    inputs, producer = service["Resources"]["ProducerTask"]["Properties"]["ContainerDefinitions"]
    if producer["DependsOn"] != [{"ContainerName": "inputs", "Condition": "SUCCESS"}] or inputs["Essential"]:
        yield "the producer does not wait for its inputs, or ends with them"
    mounts = {mount["ContainerPath"] for container in (inputs, producer) for mount in container["MountPoints"]}
    if mounts | {producer["WorkingDirectory"]} != {"/inputs"}:
        yield "the producer does not work where its inputs are"
    (worker,) = service["Resources"]["Worker"]["Properties"]["ContainerDefinitions"]
    if worker["HealthCheck"]["Command"] != ["CMD", "/zagg-worker", "--health"]:
        yield "the worker's health is not asked of the worker"


def main():
    folder = pathlib.Path(sys.argv[1])
    templates = {name: load(folder, name) for name in ("base", "lambda", "ecs")}
    faults, allows, alarms, allowed = [], 0, [], set()
    for name, template in templates.items():
        faults += judge_keys(name, template)
        faults += judge_boards(name, template)
        if "DashboardUrl" in template["Outputs"]:
            faults += judge_console(name, template)
        for logical, actions, found in judge_policies(name, template):
            if isinstance(found, str):
                faults.append(found)
            else:
                allows += 1
                allowed |= {(name, logical, action) for action in actions}
        for logical, resource in template["Resources"].items():
            properties = resource.get("Properties", {})
            if resource["Type"] == "AWS::Logs::LogGroup" and "RetentionInDays" not in properties:
                faults.append(f"{name}/{logical} keeps logs for ever")
            if resource["Type"] == "AWS::SQS::Queue" and not properties.get("SqsManagedSseEnabled"):
                faults.append(f"{name}/{logical} is not encrypted")
            policies = [resource.get(policy, "") for policy in ("DeletionPolicy", "UpdateReplacePolicy")]
            if resource["Type"] in KEPT and not all(policy.startswith("Retain") for policy in policies):
                faults.append(f"{name}/{logical} is deleted with its stack")
            if resource["Type"] == "AWS::CloudWatch::Alarm":
                alarms.append(f"{name}/{logical}")
                if "AlarmActions" not in properties or properties.get("TreatMissingData") != "notBreaching":
                    faults.append(f"{name}/{logical} tells nobody, or tells of nothing")
    faults += [f"{name}/{logical} lacks {action}" for name, logical, action in sorted(set(NEEDED) - allowed)]
    faults += judge_numbers(templates["base"], templates["lambda"], templates["ecs"])
    faults += judge_service(templates["ecs"])
    faults += judge_costs(templates["lambda"], templates["ecs"])
    faults += judge_scaling(templates["ecs"])
    faults += judge_names(templates)
    print(json.dumps({"faults": faults, "allows": allows, "alarms": sorted(alarms)}))


main()
