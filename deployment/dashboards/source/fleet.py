"""The workers: how many, how busy, how fast, how full, and what goes wrong with them."""

from board import INSTANCE, NAMESPACE, SPACE, WORKER, board
from panels import above, below, gauge, heat, series, stat, table

W = WORKER
RATE = "$__rate_interval"

BOARD = board(
    "zagg-fleet",
    "zagg / Fleet",
    "Workers: how many, how busy, how fast, how much memory, and what goes wrong with them.",
    [NAMESPACE, INSTANCE],
    [
        (
            "Now",
            [
                stat("Workers", "Workers that answer.", f"count(zagg_build_info{{{W}}})", levels=below(1, 1)),
                stat("Slots", "Jobs that they can do at once.", f"sum(zagg_slots{{{W}}})"),
                gauge("Busy", "Of the slots, those with a job. Much less than all while jobs are ready: see the alert ZaggOldestMessage.", f"sum(zagg_inflight_cells{{{W}}}) / sum(zagg_slots{{{W}}})", [("blue", None)]),
                stat("Draining", "Workers that take no more jobs: SIGTERM, a spot notice, or a stop.", f"sum(zagg_draining{{{W}}})", levels=above(1)),
                stat("Jobs per second", "That came to an end, over five minutes.", f"sum(zagg:cells:rate5m{{{SPACE}}})", unit="ops", decimals=2),
                gauge("Jobs that fail for good", "Of those that ended in the last five minutes. No value while none ends.", f"max(zagg:cells:error_ratio5m{{{SPACE}}})", above(0.005, 0.02)),
            ],
        ),
        (
            "Work",
            [
                series("Jobs by outcome", "ok, no_data: done now. skipped, duplicate: done before, or by another. released: tried again later. failed: set aside. moved_up: sent to bigger workers. dropped: put back or lost.", [(f"sum by (outcome) (rate(zagg_cells_total{{{W}}}[{RATE}]))", "{{outcome}}")], unit="ops", stack=True),
                series(
                    "Seconds of a job",
                    "From its beginning to its result; half of the jobs take no longer than the first curve.",
                    [
                        (f"max(zagg:cell_duration_seconds:p50_30m{{{SPACE}}})", "half"),
                        (f"max(zagg:cell_duration_seconds:p99_30m{{{SPACE}}})", "99 %"),
                    ],
                    unit="s",
                ),
                series("What the work is", "Seconds of work per second, by phase. fetch waits for bytes, several at once; decode, aggregate and encode need processors.", [(f"sum by (phase) (rate(zagg_cell_phase_seconds_sum{{{W}}}[{RATE}]))", "{{phase}}")], unit="none", stack=True),
                heat("Spread of the jobs' seconds", "Jobs per second by how long they took.", f"sum by (le) (rate(zagg_cell_duration_seconds_bucket{{{W}}}[{RATE}]))"),
                series("Busy slots", "By worker.", [(f"zagg_inflight_cells{{{W}}}", "{{instance}}")], unit="none"),
                series(
                    "Slots",
                    "All, and those with a job.",
                    [(f"sum(zagg_slots{{{W}}})", "slots"), (f"sum(zagg_inflight_cells{{{W}}})", "busy")],
                    unit="none",
                ),
            ],
        ),
        (
            "Reading",
            [
                series(
                    "Megabytes per second and worker",
                    "Read from granules and stores. A Lambda function gets some 75 MB/s, a connection to S3 some 90 MB/s.",
                    [
                        (f"avg(zagg:worker_read:megabytes_per_second5m{{{W}}})", "on average"),
                        (f"max(zagg:worker_read:megabytes_per_second5m{{{W}}})", "most"),
                        (f"min(zagg:worker_read:megabytes_per_second5m{{{W}}})", "least"),
                    ],
                    unit="MBs",
                ),
                series("Share of the work that is reading", "Waiting for bytes and decoding, of the jobs' time; above 1 where requests overlap. Near it, more slots help; far below, more processors do.", [(f"max by (namespace) (zagg:read:share5m{{{SPACE}}})", "{{namespace}}")], unit="percentunit"),
                series("Rows and points", "Rows whose position was looked at, and points that were kept.", [(f"sum(rate(zagg_obs_read_total{{{W}}}[{RATE}]))", "rows"), (f"sum(rate(zagg_obs_kept_total{{{W}}}[{RATE}]))", "points")], unit="cps"),
                series(
                    "Rows read for each point kept; HDF5 chunks found decoded",
                    "The first is low where shards are large against the granules' HDF5 chunks, the second is high where neighbours are done by one worker.",
                    [
                        (f"max(zagg:obs:over_read5m{{{SPACE}}})", "rows for a point"),
                        (f"max(zagg:chunk_cache:hit_ratio5m{{{SPACE}}})", "share found decoded"),
                    ],
                    unit="none",
                ),
            ],
        ),
        (
            "Memory",
            [
                series("Of the limit", "At 85 % a worker takes no more jobs, at 95 % it puts the youngest back.", [(f"max(zagg:worker_memory:ratio{{{W}}})", "fullest worker"), (f"avg(zagg:worker_memory:ratio{{{W}}})", "on average")], unit="percentunit", levels=above(0.85, 0.95), most=1),
                series("By worker", "Resident memory.", [(f"process_resident_memory_bytes{{{W}}} and on (instance, job) zagg_build_info", "{{instance}}")], unit="bytes"),
            ],
        ),
        (
            "Trouble",
            [
                series("Jobs tried again, by kind of trouble", "The classes are explained in docs/reference/fleet.md.", [(f"sum by (error_class) (rate(zagg_retries_total{{{W}}}[{RATE}]))", "{{error_class}}")], unit="ops", stack=True),
                series("Jobs set aside, by kind of trouble", "Their shards will be missing.", [(f"sum by (error_class) (rate(zagg_failures_total{{{W}}}[{RATE}]))", "{{error_class}}")], unit="ops", stack=True),
                series(
                    "Attempts that came to nothing",
                    "Of all attempts those that were released, of all endings those that were burials.",
                    [(f"max(zagg:cells:retry_ratio5m{{{SPACE}}})", "tried again"), (f"max(zagg:cells:error_ratio5m{{{SPACE}}})", "set aside")],
                    unit="percentunit",
                    levels=above(0.02),
                ),
                series(
                    "Starts and lost leases",
                    "Starts in 15 minutes, and leases that ended while their jobs were in work in ten minutes.",
                    [
                        (f"sum(changes(process_start_time_seconds{{{W}}}[15m]) and on (instance, job) zagg_build_info)", "starts"),
                        (f"sum(increase(zagg_lease_lost_total{{{W}}}[10m]))", "lost leases"),
                    ],
                    levels=above(1),
                ),
                stat("Credentials of granules", "Until the first of them end. Busy workers renew them ten minutes before; no value where granules need none.", f"min(zagg_credentials_expiry_timestamp_seconds{{{W}}} - time())", unit="s", levels=below(300, 540), width=8),
                table("Releases", "Workers by version. Two at once: a mix, which is harmless while both write the same bytes.", [(f"count by (version) (zagg_build_info{{{W}}})", "")], width=8),
                series("US dollars per hour", "By the price table, failed attempts included.", [(f"3600 * sum by (component) (rate(zagg_cost_usd_total{{{W}}}[{RATE}]))", "{{component}}")], unit="currencyUSD", stack=True, width=8),
            ],
        ),
    ],
)
