"""Renders the chart with wrong values, and as a release of a wrong name. Prints each case with the word that the
refusal must hold, and the refusal."""

import json

import helm_python
from chart_sets import CHART, NAMESPACE, RELEASE

REDIS = {"kind": "redis", "host": "redis"}
KEDA = {"autoscaling": {"mode": "keda"}}
RUN = {
    "enabled": True,
    "store": "s3://bucket/run",
    "pipeline": {"file": "atl06.yaml", "configMap": "pipelines"},
    "shardMap": {"configMap": "shardmap"},
}


def queue(**more):
    return {"queue": {**REDIS, **more}}


def worker(**more):
    return {"worker": more}


def classes(**more):
    return {"classes": more}


def run(**more):
    return {"run": {**RUN, **more}}


# What is wrong, and a word of the message.
CASES = [
    # Slips of the pen.
    ({"replicas": 3}, "replicas"),
    (worker(replica=3), "replica"),
    (queue(passwort="x"), "passwort"),
    (classes(large={"enabled": True, "memory": "16Gi"}), "memory"),
    ({"metrics": {"serviceMonitor": {"enable": True}}}, "enable"),
    # Words that are none of the few.
    (queue(kind="kafka"), "rabbitmq"),
    (queue(kind="file"), "/queue/kind"),
    (worker(autoscaling={"mode": "vpa"}), "/worker/autoscaling/mode"),
    (worker(log={"level": "verbose"}), "trace"),
    (worker(spot={"enabled": True, "provider": "openstack"}), "karpenter"),
    ({"image": {"pullPolicy": "Sometimes"}}, "IfNotPresent"),
    ({"keda": {"redisBy": "size"}}, "lag"),
    # Numbers out of range, and of another type.
    (worker(slots=0), "/worker/slots"),
    (worker(slots="4"), "/worker/slots"),
    (worker(grace=-1), "/worker/grace"),
    (worker(graceMargin=0), "/worker/graceMargin"),
    (worker(resources={"limits": {"memory": "4 GB"}}), "/worker/resources/limits/memory"),
    (worker(podDisruptionBudget={"maxUnavailable": "120%"}), "maxUnavailable"),
    (worker(podDisruptionBudget={"maxUnavailable": 0}), "/worker/podDisruptionBudget/maxUnavailable"),
    (worker(podDisruptionBudget={"maxUnavailable": "0%"}), "/worker/podDisruptionBudget/maxUnavailable"),
    (worker(wait=60), "/worker/wait"),
    (worker(brokerPatience=10**10), "/worker/brokerPatience"),
    (worker(granulesInFlight=100000), "/worker/granulesInFlight"),
    (classes(large={"enabled": True, "wait": 51}), "/classes/large/wait"),
    (worker(autoscaling={"max": 0}), "/worker/autoscaling/max"),
    (worker(autoscaling={"cpu": 150}), "/worker/autoscaling/cpu"),
    (queue(port=70000), "/queue/port"),
    (queue(consumerTimeout=5), "/queue/consumerTimeout"),
    ({"metrics": {"port": 80}}, "/metrics/port"),
    (run(maxUsd=0), "/run/maxUsd"),
    # Names and addresses.
    (queue(name="jobs of today"), "/queue/name"),
    (queue(name="j" * 77), "/queue/name"),
    ({"commonLabels": {"team": "ice & snow"}}, "/commonLabels/team"),
    ({"commonLabels": {"team": "x" * 64}}, "/commonLabels/team"),
    ({"commonLabels": {"a team": "ice"}}, "'a team'"),
    (worker(podLabels={"team": "ice."}), "/worker/podLabels/team"),
    ({"metrics": {"rules": {"labels": {"release": "-prometheus"}}}}, "/metrics/rules/labels/release"),
    (queue(host="redis://redis"), "/queue/host"),
    ({"queue": {"kind": "sqs", "account": "1234"}}, "/queue/account"),
    ({"store": {"endpoint": "minio:9000"}}, "/store/endpoint"),
    ({"store": {"endpoint": "http://user:secret@minio:9000"}}, "/store/endpoint"),
    ({"keda": {"managementUrl": "http://guest:guest@rabbitmq:15672"}}, "/keda/managementUrl"),
    ({"aws": {"region": "Frankfurt"}}, "/aws/region"),
    ({"image": {"workerDigest": "sha256:1234"}}, "/image/workerDigest"),
    (classes(**{"extra-large": {}}), "extra-large"),
    (run(name="Run 1"), "/run/name"),
    (run(store="gs://bucket/run"), "/run/store"),
    # Secrets are referred to, never given.
    (queue(auth="secret"), "/queue/auth"),
    (queue(auth={"user": "me", "password": "secret"}), "/queue/auth"),
    (queue(urlFrom={"secret": "broker"}), "key"),
    ({"earthdata": {"token": "eyJ0eXAiOi"}}, "/earthdata/token"),
    ({"aws": {"credentials": {"accessKeyId": "AKIA"}}}, "secret"),
    # What only a look at several values shows.
    ({"queue": {"kind": "redis"}}, "queue.host"),
    (queue(auth={"secret": "a", "passwordKey": "b"}, urlFrom={"secret": "a", "key": "b"}), "queue.urlFrom"),
    ({"classes": {"standard": {"enabled": False}}}, "none is enabled"),
    (classes(standard={"bigger": "gigantic"}), "gigantic"),
    (classes(standard={"bigger": "large"}, large={"enabled": True, "queue": "zagg"}), "come back for ever"),
    (classes(standard={"bigger": "large"}, large={"enabled": True, "bigger": "standard"}), "each other"),
    (classes(standard={"bigger": "large"}), "not enabled"),
    (worker(autoscaling={"min": 30}), "autoscaling.max"),
    (worker(autoscaling={"mode": "hpa", "min": 0}), "HPA"),
    ({**queue(), "worker": KEDA, **classes(large={"enabled": True, "queue": "zagg"})}, "other's jobs"),
    ({"queue": {"kind": "rabbitmq", "host": "mq"}, "worker": KEDA}, "keda.managementUrl"),
    (
        {"queue": {"kind": "rabbitmq", "host": "mq"}, "worker": KEDA, "keda": {"managementUrl": "http://mq:15672"}},
        "keda.auth",
    ),
    ({"queue": {"kind": "redis", "urlFrom": {"secret": "a", "key": "b"}}, "worker": KEDA}, "queue.host"),
    (
        {
            "worker": KEDA,
            "keda": {"podIdentity": {"identityOwner": "keda", "roleArn": "arn:aws:iam::123456789012:role/a"}},
        },
        "roleArn",
    ),
    ({"worker": KEDA}, "keda.podIdentity"),
    ({"worker": KEDA}, "eks.amazonaws.com/role-arn"),
    ({"metrics": {"service": {"enabled": False}, "serviceMonitor": {"enabled": True}}}, "metrics.service.enabled"),
    ({"workers": {"enabled": False}}, "workers.enabled"),
    (run(ttlSecondsAfterFinished=60), "run.ttlSecondsAfterFinished"),
    ({"workers": {"enabled": False}, **run()}, "serviceAccount.name"),
    (run(store=""), "run.store"),
    (run(store="/data/run1.zarr"), "volumes"),
    (run(pipeline={}), "run.pipeline.file"),
    (run(pipeline={"file": "atl03.yaml"}), "atl03.yaml"),
    (run(shardMap={}), "1 MiB"),
    (run(shardMap={"configMap": "a", "fetch": {"image": "b", "command": ["c"]}}), "either"),
    (run(**{"class": "huge"}), "huge"),
    # Names that something else needs to be shorter, or its own.
    ({"queue": {"name": "j" * 74}, **classes(large={"enabled": True})}, "queue.name"),
    ({"queue": {"name": "j" * 74}, **classes(large={"enabled": True})}, "classes.large.queue"),
    ({"commonLabels": {"app.kubernetes.io/instance": "ice"}}, "commonLabels"),
    ({"commonLabels": {"zagg-rs.github.io/class": "ice"}}, "zagg-rs.github.io/class"),
    (worker(podLabels={"app.kubernetes.io/component": "ice"}), "podLabels"),
    (run(podLabels={"zagg-rs.github.io/run": "ice"}), "run.podLabels"),
    ({"volumeMounts": [{"name": "data", "mountPath": "/data"}]}, "volumeMounts"),
    ({"volumes": [{"name": "a", "emptyDir": {}}], "volumeMounts": [{"name": "b", "mountPath": "/b"}]}, '"b"'),
    # Pods that could not be made, or replaced.
    (worker(rollingUpdate={"maxSurge": 0}), "rollingUpdate"),
    (classes(standard={"rollingUpdate": {"maxSurge": "0%", "maxUnavailable": "0%"}}), "classes.standard.rollingUpdate"),
    (worker(resources={"limits": {"memory": "2Gi"}}), "resources.requests.memory"),
    (worker(resources={"requests": {"cpu": "2500m"}, "limits": {"cpu": 2}}), "resources.requests.cpu"),
    (classes(large={"enabled": True, "resources": {"requests": {"memory": "18G"}}}), "classes.large.resources"),
    (run(resources={"requests": {"memory": "2049Mi"}}), "run.resources.requests.memory"),
    (worker(memoryMb=4295), "memoryMb"),
    (worker(autoscaling={"mode": "hpa"}, resources={"requests": {"cpu": None}}), "resources.requests.cpu"),
    ({"metrics": {"serviceMonitor": {"interval": "5s"}}}, "scrapeTimeout"),
    ({"metrics": {"serviceMonitor": {"interval": "1m", "scrapeTimeout": "61000ms"}}}, "scrapeTimeout"),
]
# Releases whose names no Service can have.
RELEASES = ["2026-run", "run.2026"]


def refusal(chart: helm_python.Chart, values: dict, release: str = RELEASE) -> str | None:
    try:
        chart.render(values, name=release, namespace=NAMESPACE)
    except helm_python.HelmError as error:
        return str(error)
    return None


chart = helm_python.Chart.load(str(CHART))
cases = [{"values": values, "word": word, "said": refusal(chart, values)} for values, word in CASES]
for release in RELEASES:
    assert refusal(chart, {"fullnameOverride": "ice"}, release) is None
    cases.append({"release": release, "word": "fullnameOverride", "said": refusal(chart, {}, release)})
print(json.dumps(cases))
