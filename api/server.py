"""How a request gets its answer: who asks, whose turn it is, which worker, and what the client has already."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fastapi import Request, Response

from .gate import Gate
from .limits import Limits
from .metrics import Metrics
from .problems import Problem, nowhere
from .sites import Site
from .tokens import Token, Tokens

_KEPT = 64_000_000  # bytes of answers that are kept
CHANGING = frozenset({"findings", "status", "map", "diff"})  # answers that write into the worker's ISMS


class Gone(Exception):
    """The client has gone away; nobody reads an answer."""


@dataclass
class Server:
    """What all requests of a server share. Without `tokens` everybody may read everything."""

    sites: Sequence[Site]
    limits: Limits
    tokens: Tokens | None = None
    hosts: Sequence[str] = ()
    metrics: Metrics = field(default_factory=Metrics)
    gate: Gate = field(init=False)
    _kept: OrderedDict[str, tuple[dict[str, Any], bytes]] = field(default_factory=OrderedDict)
    _size: int = 0

    def __post_init__(self) -> None:
        self.gate = Gate(self.limits)
        self.metrics.running.set_function(lambda: self.gate.running.total())
        self.metrics.waiting.set_function(lambda: len(self.gate.waiting))
        for site in self.sites:
            self._count(site)

    def _count(self, site: Site) -> None:
        def ended(why: str) -> None:
            self.metrics.ended.labels(site.name, why).inc()

        def statements() -> float:
            return site.generation.facts["statements"] if site.generation else 0

        site.on_end = ended
        self.metrics.loaded.labels(site.name).set_function(lambda: site.count)
        self.metrics.trouble.labels(site.name).set_function(lambda: bool(site.trouble))
        self.metrics.statements.labels(site.name).set_function(statements)

    def visitor(self, request: Request, site: Site | None = None) -> Token | None:
        """Who asks; None where there are no tokens. Raises Problem: 401 without a token, 404 if it is not for the workspace."""
        if self.tokens is None:
            return None
        given = request.headers.getlist("authorization")
        if len(given) > 1:
            raise Problem(400, "The request has several Authorization headers.", "Send one.")
        token = self.tokens.who(given[0] if given else None, datetime.now(UTC).date())
        request.state.who = token.name
        if site and not token.sees(site.name):
            raise nowhere()  # as if there were no such workspace
        return token

    def whole(self, request: Request, site: Site) -> None:
        """Raises Problem if the one who asks may not see the whole workspace."""
        token = self.visitor(request, site)
        if token and token.graphs is not None:
            raise Problem(
                403, "This token is for some graphs, and this answer is drawn from all of them.", "Ask /sparql, or use another token."
            )

    async def answer(
        self, request: Request, site: Site, job: dict[str, Any], media_type: str = "", seconds: float | None = None, steady: bool = True
    ) -> Response:
        """The answer to a job, or 304 if the client has it; `steady` answers are the same each time. Raises Problem or Gone."""
        request.state.workspace = site.name
        generation = site.now
        key = hashlib.sha256(json.dumps([generation.facts["version"], job, media_type], sort_keys=True).encode()).hexdigest()[:32]
        headers = {"Cache-Control": "private, no-cache", "Vary": "Accept, Authorization"}
        if steady:
            headers["ETag"] = f'"{key}"'
            if _has(request, headers["ETag"]):
                return Response(status_code=304, headers=headers)
        else:
            headers["Cache-Control"] = "no-store"
        keep = job["kind"] != "sparql"
        if keep and key in self._kept:
            self._kept.move_to_end(key)
            head, body = self._kept[key]
        else:
            client = getattr(request.state, "who", None) or (request.client.host if request.client else "")
            async with self.gate.turn(client):
                head, body = await _unless_gone(
                    request, site.now.ask({**job, "changes": job["kind"] in CHANGING}, seconds or self.limits.seconds)
                )
            if keep:
                self._keep(key, head, body)
        if head.get("truncated") is not None:
            headers["Isms-Truncated"] = "true" if head["truncated"] else "false"
        request.state.rows = head.get("rows")
        return Response(body, headers=headers, media_type=media_type or head["type"])

    def _keep(self, key: str, head: dict[str, Any], body: bytes) -> None:
        self._kept[key] = head, body
        self._size += len(body)
        while self._size > _KEPT:
            self._size -= len(self._kept.popitem(last=False)[1][1])


async def _unless_gone(request: Request, work: Any) -> tuple[dict[str, Any], bytes]:
    """What the work comes to; it is cancelled if the client goes away. Raises Gone."""
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_disconnected(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise Gone
        result: tuple[dict[str, Any], bytes] = await task
        return result
    finally:
        gone.cancel()
        if not task.done():
            task.cancel()


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _has(request: Request, etag: str) -> bool:
    given = request.headers.get("if-none-match", "")
    return given.strip() == "*" or etag in (one.strip().removeprefix("W/") for one in given.split(","))


def parameters(request: Request, known: Mapping[str, Any] = {}) -> dict[str, str]:
    """The query parameters but for `known` ones. Raises Problem if one is given twice."""
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in found:
            raise Problem(400, f"The parameter {name!r} is given twice.", "Give it once.")
        found[name] = value
    return {name: value for name, value in found.items() if name not in known}
