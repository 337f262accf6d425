"""What is asked of granules and stores, how fast they answer, what they refuse, what is written."""

from board import INSTANCE, NAMESPACE, SPACE, WORKER, board
from panels import above, gauge, heat, series, stat

W = WORKER
RATE = "$__rate_interval"

BOARD = board(
    "zagg-storage",
    "zagg / Storage",
    "Requests to granules and stores: how many, how long, how large, what was refused; objects and marks that were written.",
    [NAMESPACE, INSTANCE],
    [
        (
            "Now",
            [
                stat("Requests per second", "To granules and stores.", f"sum(rate(zagg_s3_requests_total{{{W}}}[{RATE}]))", unit="reqps", decimals=1),
                stat("Read", "Bytes per second.", f'sum(rate(zagg_s3_bytes_total{{{W}, direction="in"}}[{RATE}]))', unit="Bps"),
                stat("Written", "Bytes per second.", f'sum(rate(zagg_s3_bytes_total{{{W}, direction="out"}}[{RATE}]))', unit="Bps"),
                gauge("Granules' requests that fail", "Of the last five minutes. No value while nothing is asked.", f"max(zagg:source:error_ratio5m{{{SPACE}}})", above(0.005, 0.01), most=0.1),
                gauge("Store's replies that ask for patience", "Of the last five minutes: 503, 429, 5xx and lost connections. No value while nothing is asked.", f"max(zagg:store:throttle_ratio5m{{{SPACE}}})", above(0.005, 0.01), most=0.1),
                stat("Conflicts", "Shards in the last hour that came out with other bytes than are stored. Nothing is overwritten.", f'sum(increase(zagg_commit_total{{{W}, result="conflict"}}[1h]))', levels=above(1, 1)),
            ],
        ),
        (
            "Requests",
            [
                series("By operation", "source_get reads granules; get, put, head and list are the store's.", [(f"sum by (op, status) (zagg:s3_requests:rate5m{{{SPACE}}})", "{{op}} {{status}}")], unit="reqps"),
                series("Bytes", "in: read; out: written.", [(f"sum by (direction) (zagg:s3_bytes:rate5m{{{SPACE}}})", "{{direction}}")], unit="Bps"),
                series(
                    "Seconds of a request",
                    "By whom it goes to: source (granules), store. A local folder is not counted.",
                    [
                        (f"max by (op) (zagg:s3_request_seconds:p50_5m{{{SPACE}}})", "{{op}} half"),
                        (f"max by (op) (zagg:s3_request_seconds:p99_5m{{{SPACE}}})", "{{op}} 99 %"),
                    ],
                    unit="s",
                ),
                heat("Spread of the granules' answers", "Requests per second by how long they took.", f'sum by (le) (rate(zagg_s3_request_seconds_bucket{{{W}, op="source"}}[{RATE}]))'),
                series(
                    "Refused",
                    "Granules: requests that failed, after which the job is tried again. Store: replies that asked for patience, after which the request is.",
                    [
                        (f'sum(rate(zagg_s3_requests_total{{{W}, op="source_get", status="error"}}[{RATE}]))', "granules"),
                        (f"sum(rate(zagg_s3_throttles_total{{{W}}}[{RATE}]))", "store"),
                    ],
                    unit="reqps",
                    levels=above(1),
                ),
                heat("Spread of the store's answers", "Requests per second by how long they took.", f'sum by (le) (rate(zagg_s3_request_seconds_bucket{{{W}, op="store"}}[{RATE}]))'),
            ],
        ),
        (
            "Granules and objects",
            [
                series("Granules", "ok: read for a job that came to a result. failed: jobs that a granule failed.", [(f"sum by (outcome) (rate(zagg_granules_total{{{W}}}[{RATE}]))", "{{outcome}}")], unit="ops"),
                series("Objects written", "Chunks, and marks: one for each shard.", [(f"sum by (kind) (rate(zagg_objects_written_total{{{W}}}[{RATE}]))", "{{kind}}")], unit="wps"),
                series("Marks", "identical: another worker was first, with the same bytes. conflict: with other bytes.", [(f"sum by (result) (rate(zagg_commit_total{{{W}}}[{RATE}]))", "{{result}}")], unit="ops"),
                series("Objects put for each shard", "Half of what a small shard costs on S3.", [(f"max by (namespace) (zagg:puts:per_cell1h{{{SPACE}}})", "{{namespace}}")], unit="none"),
            ],
        ),
    ],
)
