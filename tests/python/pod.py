"""Renders the chart and prints what `podman kube play` takes of it: pod.py CHART RELEASE VALUES_JSON.

Prints JSON: `objects`, the Deployments of workers and their ConfigMaps as one YAML stream, and `grace`, the seconds that
the pods have to end. Changed is only what podman 4 lacks: the pod is on the machine's own network, where the test's servers
are, and so has no ports of its own, nor probes that name them.
"""

import json
import sys

import helm_python as helm
import yaml


def objects(chart, release, values):
    rendered = helm.Chart.load(chart).render(values, name=release, namespace="default")
    for path, text in rendered.items():
        if path.endswith(".yaml"):
            for thing in yaml.safe_load_all(text):
                if thing and thing["kind"] in ("Deployment", "ConfigMap"):
                    yield thing


def adapt(pod):
    pod["hostNetwork"] = True
    for container in pod["containers"]:
        for part in ("ports", "startupProbe", "livenessProbe", "readinessProbe"):
            container.pop(part, None)
    return pod


chart, release, values = sys.argv[1:]
things = list(objects(chart, release, json.loads(values)))
pods = [adapt(thing["spec"]["template"]["spec"]) for thing in things if thing["kind"] == "Deployment"]
print(
    json.dumps(
        {
            "objects": "---\n".join(json.dumps(thing) + "\n" for thing in things),
            "grace": [pod["terminationGracePeriodSeconds"] for pod in pods],
        }
    )
)
