"""The queue: how long, how old, how jobs come and go, what was set aside; and the broker behind it."""

from board import INSTANCE, NAMESPACE, QUEUE, QUEUE_NAME, SPACE, WORKER, board
from panels import above, below, heat, series, stat

W = WORKER
RATE = "$__rate_interval"
DEPTH = "sum(max by (namespace, queue, state) (zagg_queue_depth{%s, state=\"%s\"}))"

BOARD = board(
    "zagg-queue",
    "zagg / Queue",
    "Jobs on the queue, how long they wait, what is asked of the queue and how it answers; RabbitMQ and Redis where they are scraped.",
    [NAMESPACE, QUEUE_NAME, INSTANCE],
    [
        (
            "Now",
            [
                stat("Ready", "Jobs that wait for a worker.", DEPTH % (QUEUE, "ready")),
                stat("On loan", "Jobs that workers have.", DEPTH % (QUEUE, "inflight")),
                stat("Delayed", "Jobs that are tried again later.", DEPTH % (QUEUE, "delayed")),
                stat("Set aside", "Jobs of the watched run that failed for good. `zagg dead` names them.", DEPTH % (QUEUE, "dlq"), levels=above(1, 10)),
                stat("Oldest", "Since the run was put on the queue, while jobs of it are left.", f"max(zagg_queue_oldest_seconds{{{QUEUE}}})", unit="s"),
                stat("Wait", "Nine of ten jobs waited no longer for their first worker.", f"max(zagg:queue_wait_seconds:p90_30m{{{SPACE}}})", unit="s"),
            ],
        ),
        (
            "Jobs",
            [
                series("On the queue", "By state.", [(f"max by (queue, state) (zagg_queue_depth{{{QUEUE}}})", "{{queue}} {{state}}")], stack=True),
                series("Age", "Of the oldest run with jobs left.", [(f"max by (queue) (zagg_queue_oldest_seconds{{{QUEUE}}})", "{{queue}}")], unit="s"),
                heat("Spread of the waits", "Jobs per second by how long they waited for their first worker.", f"sum by (le) (rate(zagg_queue_wait_seconds_bucket{{{W}}}[{RATE}]))"),
                series("Set aside, by kind of trouble", "The classes are explained in docs/reference/fleet.md.", [(f"max by (run_id, error_class) (zagg_run_buried{{{SPACE}}})", "{{run_id}} {{error_class}}")], levels=above(1), stack=True),
            ],
        ),
        (
            "What workers ask",
            [
                series("Requests that the queue granted", "receive counts jobs; the others count verdicts.", [(f'sum by (op) (rate(zagg_messages_total{{{W}, result="ok"}}[{RATE}]))', "{{op}}")], unit="ops"),
                series("Requests that failed", "Each is asked again. A verdict that the queue does not hear lets the job come back when its lease ends.", [(f'sum by (op) (rate(zagg_messages_total{{{W}, result="error"}}[{RATE}]))', "{{op}}")], unit="ops", levels=above(0.1)),
                series(
                    "Deliveries again",
                    "Jobs that had been handed out before, in ten minutes: after failures, deaths and lost leases.",
                    [
                        (f"sum(increase(zagg_redeliveries_total{{{W}}}[10m]))", "delivered again"),
                        (f"sum(increase(zagg_lease_lost_total{{{W}}}[10m]))", "lease lost"),
                        (f"sum(increase(zagg_poison_total{{{W}}}[10m]))", "set aside at the last delivery"),
                    ],
                ),
                series("Broker out of reach", "Requests for jobs that failed, in two minutes.", [(f"sum(increase(zagg_broker_trouble_total{{{W}}}[2m]))", "failed requests")], levels=above(1)),
            ],
        ),
        (
            "RabbitMQ (its plugin rabbitmq_prometheus)",
            [
                series(
                    "Messages of all queues",
                    "The dead-letter queue and those for delays are in it.",
                    [(f"sum(rabbitmq_queue_messages_ready{{{SPACE}}})", "ready"), (f"sum(rabbitmq_queue_messages_unacked{{{SPACE}}})", "on loan")],
                    width=8,
                ),
                series(
                    "Memory, of what makes it block publishers",
                    "By node.",
                    [(f"rabbitmq_process_resident_memory_bytes{{{SPACE}}} / rabbitmq_resident_memory_limit_bytes{{{SPACE}}}", "{{instance}}")],
                    unit="percentunit",
                    levels=above(0.8, 1),
                    width=8,
                ),
                stat("Alarms", "Nodes that block publishers: memory or disk.", f"sum(rabbitmq_alarms_memory_used_watermark{{{SPACE}}} + rabbitmq_alarms_free_disk_space_watermark{{{SPACE}}})", levels=above(1, 1), width=4),
                stat("Room on disk above the limit", "On the fullest node.", f"min(rabbitmq_disk_space_available_bytes{{{SPACE}}} - rabbitmq_disk_space_available_limit_bytes{{{SPACE}}})", unit="bytes", levels=below(1e9, 5e9), width=4),
            ],
        ),
        (
            "Redis (redis_exporter)",
            [
                series(
                    "Memory",
                    "Used, and maxmemory where there is one: 0 is none.",
                    [(f"redis_memory_used_bytes{{{SPACE}}}", "{{instance}} used"), (f"redis_memory_max_bytes{{{SPACE}}}", "{{instance}} most")],
                    unit="bytes",
                    width=8,
                ),
                series("Commands per second", "By server.", [(f"sum by (instance) (rate(redis_commands_processed_total{{{SPACE}}}[{RATE}]))", "{{instance}}")], unit="ops", width=8),
                stat("Keys thrown away", "Must be 0: with maxmemory-policy noeviction it is.", f"sum(redis_evicted_keys_total{{{SPACE}}})", levels=above(1, 1), width=4),
                stat("Append-only file", "1 when it is on: without it jobs are lost with the server.", f"min(redis_aof_enabled{{{SPACE}}})", levels=below(1, 1), width=4),
            ],
        ),
    ],
)
