"""What the server counts, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The counters of one server."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter("isms_requests", "Requests answered.", ["workspace", "route", "status"], registry=self.registry)
        self.seconds = Histogram(
            "isms_request_seconds", "Seconds until the answer.", ["workspace", "route"], registry=self.registry,
            buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
        )  # fmt: skip
        self.ended = Counter("isms_workers_ended", "Workers that ended before they answered.", ["workspace", "why"], registry=self.registry)
        self.running = Gauge("isms_running", "Requests that workers answer now.", registry=self.registry)
        self.waiting = Gauge("isms_waiting", "Requests that wait for their turn.", registry=self.registry)
        self.loaded = Gauge("isms_generations", "How often the workspace was loaded.", ["workspace"], registry=self.registry)
        self.statements = Gauge("isms_statements", "Statements in the files of the workspace.", ["workspace"], registry=self.registry)
        self.trouble = Gauge("isms_trouble", "1 if the files cannot be loaded as they are now.", ["workspace"], registry=self.registry)

    def text(self) -> bytes:
        """All of them, in Prometheus's text format."""
        return generate_latest(self.registry)
