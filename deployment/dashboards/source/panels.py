"""The kinds of panels. Each takes a title, what it tells, its queries and its unit."""

from board import SOURCE

# Thresholds: a colour from a value on.
PLAIN = [("green", None)]
GOOD, WARN, BAD = "green", "orange", "red"


def steps(*levels):
    return {"mode": "absolute", "steps": [{"color": colour, "value": value} for colour, value in levels or PLAIN]}


def above(warn, bad=None):
    """Green, and worse from these values on."""
    return [(GOOD, None), (WARN, warn)] + ([(BAD, bad)] if bad is not None else [])


def below(bad, warn):
    """Red under `bad`, orange under `warn`."""
    return [(BAD, None), (WARN, bad), (GOOD, warn)]


def targets(queries, instant=False, form="time_series"):
    """Queries: one expression, or pairs of an expression and its legend."""
    if isinstance(queries, str):
        queries = [(queries, "__auto")]
    return [
        {
            "refId": chr(ord("A") + number),
            "datasource": SOURCE,
            "editorMode": "code",
            "expr": expression,
            "legendFormat": legend,
            "instant": instant,
            "range": not instant,
            "format": form,
        }
        for number, (expression, legend) in enumerate(queries)
    ]


def panel(kind, title, tells, size, queries, unit, levels, options, more=None, decimals=None, least=None, most=None, custom=None):
    defaults = {"unit": unit, "color": {"mode": "thresholds"}, "thresholds": steps(*(levels or PLAIN)), "mappings": []}
    for name, value in [("decimals", decimals), ("min", least), ("max", most), ("custom", custom)]:
        if value is not None:
            defaults[name] = value
    return {
        "type": kind,
        "title": title,
        "description": tells,
        "datasource": SOURCE,
        "size": size,
        "targets": queries,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": options,
        **(more or {}),
    }


REDUCE = {"calcs": ["lastNotNull"], "fields": "", "values": False}


def stat(title, tells, queries, unit="short", levels=None, width=4, decimals=None):
    """One figure, as of now."""
    options = {
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "reduceOptions": REDUCE,
        "textMode": "auto",
        "wideLayout": True,
    }
    return panel("stat", title, tells, (width, 4), targets(queries, instant=True), unit, levels, options, decimals=decimals)


def gauge(title, tells, queries, levels, width=4, most=1):
    """A share of a whole."""
    options = {"minVizHeight": 75, "minVizWidth": 75, "orientation": "auto", "reduceOptions": REDUCE, "showThresholdLabels": False, "showThresholdMarkers": True, "sizing": "auto"}
    return panel("gauge", title, tells, (width, 4), targets(queries, instant=True), "percentunit", levels, options, least=0, most=most, decimals=1)


def series(title, tells, queries, unit="short", levels=None, stack=False, width=12, least=0, most=None, decimals=None):
    """Curves over time; with levels, drawn as lines."""
    custom = {
        "axisBorderShow": False,
        "axisLabel": "",
        "axisPlacement": "auto",
        "drawStyle": "line",
        "fillOpacity": 25 if stack else 8,
        "gradientMode": "none",
        "lineInterpolation": "linear",
        "lineWidth": 1,
        "pointSize": 4,
        "showPoints": "auto",
        "spanNulls": 120000,
        "stacking": {"group": "A", "mode": "normal" if stack else "none"},
        "thresholdsStyle": {"mode": "line" if levels else "off"},
    }
    options = {
        "legend": {"calcs": ["lastNotNull", "max"], "displayMode": "table", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    one = panel("timeseries", title, tells, (width, 8), targets(queries), unit, levels, options, least=least, most=most, decimals=decimals, custom=custom)
    one["fieldConfig"]["defaults"]["color"] = {"mode": "palette-classic"}
    return one


def heat(title, tells, query, unit="s", width=12):
    """How a histogram's observations are spread, over time."""
    options = {
        "calculate": False,
        "cellGap": 1,
        "color": {"exponent": 0.5, "fill": "dark-orange", "mode": "scheme", "reverse": False, "scale": "exponential", "scheme": "Oranges", "steps": 64},
        "exemplars": {"color": "rgba(255,0,255,0.7)"},
        "filterValues": {"le": 1e-09},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "tooltip": {"mode": "single", "showColorScale": False, "yHistogram": False},
        "yAxis": {"axisPlacement": "left", "reverse": False, "unit": unit},
    }
    queries = targets([(query, "{{le}}")], form="heatmap")
    custom = {"hideFrom": {"legend": False, "tooltip": False, "viz": False}, "scaleDistribution": {"type": "linear"}}
    return panel("heatmap", title, tells, (width, 8), queries, "short", None, options, custom=custom)


def table(title, tells, queries, unit="short", levels=None, width=12, hide=()):
    """The labels and values of instant queries, a row for each."""
    options = {"cellHeight": "sm", "footer": {"countRows": False, "fields": "", "reducer": ["sum"], "show": False}, "showHeader": True}
    away = {"id": "organize", "options": {"excludeByName": {name: True for name in ("Time", *hide)}, "indexByName": {}, "renameByName": {}}}
    merge = {"id": "merge", "options": {}}
    custom = {"align": "auto", "cellOptions": {"type": "auto"}, "filterable": True, "inspect": False}
    return panel("table", title, tells, (width, 8), targets(queries, instant=True, form="table"), unit, levels, options, more={"transformations": [merge, away]}, custom=custom)
