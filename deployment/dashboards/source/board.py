"""A Grafana dashboard from rows of panels, as Grafana 12 writes it (schema 41)."""

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
COLUMNS = 24

# What every query of a dashboard is limited to.
SPACE = 'namespace=~"$namespace"'
RUN = SPACE + ', run_id=~"$run_id"'
WORKER = SPACE + ', instance=~"$instance"'
QUEUE = SPACE + ', queue=~"$queue"'


def variable(name, label, query, description):
    """A variable that Prometheus knows the values of. "All" also matches targets without the label."""
    return {
        "name": name,
        "label": label,
        "description": description,
        "type": "query",
        "datasource": SOURCE,
        "definition": query,
        "query": {"qryType": 1, "query": query, "refId": "PrometheusVariableQueryEditor-VariableQuery"},
        "refresh": 2,
        "sort": 2,
        "regex": "",
        "hide": 0,
        "skipUrlSync": False,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
        "options": [],
    }


NAMESPACE = variable("namespace", "Namespace", "label_values(zagg_build_info, namespace)", "Kubernetes' namespace; elsewhere All.")
RUN_ID = variable("run_id", "Run", 'label_values(zagg_run_cells{namespace=~"$namespace"}, run_id)', "Runs that are or were watched.")
INSTANCE = variable("instance", "Worker", 'label_values(zagg_build_info{namespace=~"$namespace"}, instance)', "Workers that are scraped.")
QUEUE_NAME = variable("queue", "Queue", 'label_values(zagg_queue_depth{namespace=~"$namespace"}, queue)', "Queues of watched runs.")


def board(uid, title, description, variables, rows):
    """A dashboard. `rows` are pairs of a title and panels, which are laid out from left to right."""
    panels, y, number = [], 0, 1
    for heading, members in rows:
        panels.append({"id": number, "type": "row", "title": heading, "collapsed": False, "gridPos": {"h": 1, "w": COLUMNS, "x": 0, "y": y}, "panels": []})
        number, y, x, tall = number + 1, y + 1, 0, 0
        for panel in members:
            width, height = panel.pop("size")
            if x + width > COLUMNS:
                x, y, tall = 0, y + tall, 0
            panels.append({"id": number, **panel, "gridPos": {"h": height, "w": width, "x": x, "y": y}})
            number, x, tall = number + 1, x + width, max(tall, height)
        y += tall
    source = {
        "name": "datasource",
        "label": "Data source",
        "description": "A Prometheus that scrapes the fleet and has zagg's recording rules.",
        "type": "datasource",
        "query": "prometheus",
        "regex": "",
        "refresh": 1,
        "hide": 0,
        "skipUrlSync": False,
        "multi": False,
        "includeAll": False,
        "current": {},
        "options": [],
    }
    builtin = {
        "builtIn": 1,
        "datasource": {"type": "grafana", "uid": "-- Grafana --"},
        "enable": True,
        "hide": True,
        "iconColor": "rgba(0, 211, 255, 1)",
        "name": "Annotations & Alerts",
        "type": "dashboard",
    }
    others = {
        "asDropdown": False,
        "icon": "external link",
        "includeVars": True,
        "keepTime": True,
        "tags": ["zagg"],
        "targetBlank": False,
        "title": "zagg",
        "tooltip": "",
        "type": "dashboards",
        "url": "",
    }
    return {
        "uid": uid,
        "title": title,
        "description": description,
        "tags": ["zagg"],
        "schemaVersion": 41,
        "version": 1,
        "id": None,
        "editable": True,
        "graphTooltip": 1,
        "fiscalYearStartMonth": 0,
        "weekStart": "",
        "timezone": "",
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "timepicker": {},
        "annotations": {"list": [builtin]},
        "links": [others],
        "templating": {"list": [source, *variables]},
        "panels": panels,
    }
