//! Rules, alerts and dashboards, judged by a real Prometheus.
