"""What one request may cost. A client may ask for less, never for more."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Sizes in bytes, times in seconds."""

    query_bytes: int = 64_000  # the text of a query
    header_bytes: int = 65_536  # a request's first line and headers, so also of a query in a URL
    body_bytes: int = 256_000
    body_seconds: float = 10.0  # until the headers, and then the body, have arrived
    depth: int = 50  # brackets within brackets
    tokens: int = 10_000  # words and signs of a query
    patterns: int = 100  # triple patterns, counted from above
    seconds: float = 10.0  # the time that a query runs
    memory: int = 256_000_000  # what a query may take beyond what its process had
    result_bytes: int = 32_000_000
    unsent_bytes: int = 256_000_000  # of all answers that clients have not taken yet
    bytes_per_second: int = 50_000  # that a client has to take of a large answer
    running: int = 16  # queries at the same time
    per_client: int = 12  # of them, those of one client
    waiting: int = 64  # requests that wait for their turn
    wait_seconds: float = 5.0
    connections: int = 400
    jobs_per_worker: int = 1000  # after so many answers a process is replaced
