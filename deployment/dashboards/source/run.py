"""One run, or all that are watched: how far, until when, for how much, and what was set aside."""

from board import NAMESPACE, RUN, RUN_ID, SPACE, board
from panels import above, gauge, series, stat, table

CELLS = "max by (run_id, state) (zagg_run_cells{%s, state=\"%s\"})"

BOARD = board(
    "zagg-run",
    "zagg / Run",
    "How far a run has come, when it will end, what it costs and what was set aside, from `zagg status --watch --listen`.",
    [NAMESPACE, RUN_ID],
    [
        (
            "Now",
            [
                gauge("Done", "The share of the run's shards that are in the store.", [(f"max by (run_id) (zagg:run:progress{{{RUN}}})", "{{run_id}}")], [("blue", None), ("green", 1)]),
                stat("Left", "Shards that are neither done nor set aside.", [(CELLS % (RUN, "left"), "{{run_id}}")]),
                stat("Set aside", "Jobs that failed for good; their shards will be missing. `zagg dead` names them.", [(CELLS % (RUN, "buried"), "{{run_id}}")], levels=above(1, 10)),
                stat("Time left", "Until nothing is left, at the rate of the last five minutes; no value while nothing moves.", [(f"max by (run_id) (zagg:run:eta_seconds{{{RUN}}})", "{{run_id}}")], unit="s"),
                stat("Cost", "US dollars so far by the price table, from the marks. Failed attempts are in the fleet's figure, not in this one.", [(f"max by (run_id) (zagg_run_cost_usd{{{RUN}}})", "{{run_id}}")], unit="currencyUSD", decimals=4),
                gauge("Of the ceiling", "What is spent of --max-usd; no value without a ceiling.", [(f"max by (run_id) (zagg:run:cost_ratio{{{RUN}}})", "{{run_id}}")], above(0.8, 1)),
            ],
        ),
        (
            "Progress",
            [
                series("Shards", "Every shard of the plan is in one of these states.", [(f"max by (run_id, state) (zagg_run_cells{{{RUN}}})", "{{run_id}} {{state}}")], stack=True),
                series("Shards per second", "Shards that come to an end, by the slope of their number over five minutes.", [(f"max by (run_id) (zagg:run:rate5m{{{RUN}}})", "{{run_id}}")], unit="ops"),
                series(
                    "Time left",
                    "By Prometheus from the slope, and as `zagg status` says it from the marks. They differ while the rate changes.",
                    [
                        (f"max by (run_id) (zagg:run:eta_seconds{{{RUN}}})", "{{run_id}} by slope"),
                        (f"max by (run_id) (zagg_run_eta_seconds{{{RUN}}})", "{{run_id}} by zagg status"),
                    ],
                    unit="s",
                ),
                series("Set aside, by kind of trouble", "The classes are explained in docs/reference/fleet.md.", [(f"max by (run_id, error_class) (zagg_run_buried{{{RUN}}})", "{{run_id}} {{error_class}}")], levels=above(1), stack=True),
            ],
        ),
        (
            "Cost",
            [
                series(
                    "US dollars",
                    "So far, what it will have been in the end at what shards cost now, what was expected, and the ceiling.",
                    [
                        (f"max by (run_id) (zagg_run_cost_usd{{{RUN}}})", "{{run_id}} so far"),
                        (f"max by (run_id) (zagg:run:cost_at_end_usd{{{RUN}}})", "{{run_id}} at its end"),
                        (f"max by (run_id) (zagg_run_cost_estimate_usd{{{RUN}}})", "{{run_id}} expected"),
                        (f"max by (run_id) (zagg_run_cost_limit_usd{{{RUN}}})", "{{run_id}} ceiling"),
                    ],
                    unit="currencyUSD",
                ),
                series("US dollars for 1,000 shards, whole fleet", "Of the last hour, failed attempts included.", [(f"sum by (namespace) (zagg:cost:usd_per_1000_cells1h{{{SPACE}}})", "{{namespace}}")], unit="currencyUSD"),
            ],
        ),
        (
            "Watch",
            [
                table("Runs", "1 in the last column once the run has ended.", [(f"max by (run_id) (zagg_run_over{{{RUN}}})", "")], width=8),
                stat("Age of these figures", "Seconds since `zagg status` looked. More than two minutes: it is gone, or cannot reach the store or the queue.", [(f"max by (run_id) (time() - zagg_run_updated_timestamp_seconds{{{RUN}}})", "{{run_id}}")], unit="s", levels=above(30, 120), width=8),
                table("Alerts", "zagg's alerts that fire now. docs/operations/runbook.md has an entry for each.", [(f'max by (alertname, severity) (ALERTS{{alertname=~"Zagg.+", alertstate="firing", {SPACE}}})', "")], levels=[("red", None)], width=8, hide=("Value",)),
            ],
        ),
    ],
)
