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
    print(json.dumps({"faults": faults, "allows": allows, "alarms": sorted(alarms)}))


main()
