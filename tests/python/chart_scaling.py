"""Reads a real broker as KEDA's scalers do, by the triggers that the chart renders. Prints, for each trigger of each
ScaledObject, its type, the number that it gives and the one per pod.

Arguments: the chart's values, and the contents of Secrets by name, both as JSON."""

import base64
import json
import subprocess
import sys
import urllib.parse
import urllib.request

import boto3
from chart_sets import objects, of_kind


def sqs(meta: dict, login: dict) -> tuple[int, int]:
    client = boto3.client(
        "sqs",
        region_name=meta["awsRegion"],
        endpoint_url=meta.get("awsEndpoint"),
        aws_access_key_id=login["awsAccessKeyID"],
        aws_secret_access_key=login["awsSecretAccessKey"],
    )
    names = ["ApproximateNumberOfMessages"]
    if meta.get("scaleOnInFlight", "true") == "true":
        names.append("ApproximateNumberOfMessagesNotVisible")
    if meta.get("scaleOnDelayed", "false") == "true":
        names.append("ApproximateNumberOfMessagesDelayed")
    found = client.get_queue_attributes(QueueUrl=meta["queueURL"], AttributeNames=names)["Attributes"]
    return sum(int(found[one]) for one in names), int(meta["queueLength"])


def rabbitmq(meta: dict, login: dict) -> tuple[int, int]:
    assert meta["protocol"] == "http" and meta["mode"] == "QueueLength", meta
    parts = [urllib.parse.quote_plus(meta[one]) for one in ("vhostName", "queueName")]
    request = urllib.request.Request(f"{meta['host']}/api/queues/{'/'.join(parts)}")
    pair = f"{login['username']}:{login['password']}".encode()
    request.add_header("Authorization", "Basic " + base64.b64encode(pair).decode())
    with urllib.request.urlopen(request, timeout=30) as answer:
        found = json.load(answer)
    # A new queue has no statistics for a moment.
    field = "messages_ready" if meta["excludeUnacknowledged"] == "true" else "messages"
    return found.get(field, 0), int(meta["value"])


def redis(meta: dict, login: dict) -> tuple[int | None, int]:
    host, port = meta["address"].rsplit(":", 1)
    command = ["redis-cli", "--json", "-h", host, "-p", port, "-n", meta["databaseIndex"]]
    environment = {"PATH": "/usr/bin:/bin"}
    if login:
        environment["REDISCLI_AUTH"] = login["password"]

    def ask(*words: str):
        done = subprocess.run([*command, *words], check=True, capture_output=True, text=True, env=environment)
        return json.loads(done.stdout)

    stream, group = meta["stream"], meta.get("consumerGroup")
    if "lagCount" in meta:
        groups = ask("XINFO", "GROUPS", stream)
        return next(one["lag"] for one in groups if one["name"] == group), int(meta["lagCount"])
    if group:
        return ask("XPENDING", stream, group)[0], int(meta["pendingEntriesCount"])
    return ask("XLEN", stream), int(meta["streamLength"])


SCALERS = {"aws-sqs-queue": sqs, "rabbitmq": rabbitmq, "redis-streams": redis}

values, secrets = (json.loads(each) for each in sys.argv[1:3])
rendered = objects(values)
logins = {
    each["metadata"]["name"]: {
        key["parameter"]: secrets[key["name"]][key["key"]] for key in each["spec"]["secretTargetRef"]
    }
    for each in of_kind(rendered, "TriggerAuthentication")
}
answers = []
for each in of_kind(rendered, "ScaledObject"):
    for trigger in each["spec"]["triggers"]:
        login = logins[trigger["authenticationRef"]["name"]] if "authenticationRef" in trigger else {}
        value, per_pod = SCALERS[trigger["type"]](trigger["metadata"], login)
        answers.append({"type": trigger["type"], "value": value, "perPod": per_pod})
print(json.dumps(answers))
