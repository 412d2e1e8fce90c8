"""What went wrong with a request, as problem details (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

MEDIA_TYPE = "application/problem+json"


@dataclass(eq=False)
class Problem(Exception):
    """A request that is not answered: the status, one sentence that says why, and one that says what to try."""

    status: int
    detail: str
    advice: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """The problem as JSON."""
        said = {"type": "about:blank", "title": HTTPStatus(self.status).phrase, "status": self.status, "detail": self.detail}
        return {**said, "advice": self.advice} if self.advice else said

    def __str__(self) -> str:
        return f"{self.status} {self.detail} {self.advice}".rstrip()


def nowhere() -> Problem:
    """What is said of an address at which there is nothing, or nothing for the one who asks."""
    return Problem(404, "There is nothing at this address.", "GET /openapi.json lists what there is.")
