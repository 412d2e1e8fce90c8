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
from starlette.types import Receive, Scope, Send

from .gate import Gate
from .limits import Limits
from .metrics import Metrics
from .problems import Problem, nowhere
from .sites import Site
from .tokens import Token, Tokens

_PIECE = 262_144  # bytes that are sent at a time
_KEPT = 64_000_000  # bytes of answers that are kept
_LARGE, _OVERHEAD = 1_000_000, 1_500  # bytes: of an answer that is not kept, and that one takes besides its body
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
    unsent: int = 0
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
        etag = _etag(site.name, site.now.facts["version"], job, media_type)
        headers = {"Cache-Control": "private, no-cache" if steady else "no-store", "Vary": "Accept, Authorization"}
        if steady and etag in _known(request):
            return Response(status_code=304, headers={**headers, "ETag": etag})
        if steady and etag in self._kept:
            head, body = self._kept[etag]
        else:
            version, head, body = await self._worked_out(request, site, job, seconds)
            etag = _etag(site.name, version, job, media_type)  # of the state that answered: another may have taken over meanwhile
        if steady:
            headers["ETag"] = etag
            self._keep(etag, head, body)
        if head.get("truncated") is not None:
            headers["Isms-Truncated"] = "true" if head["truncated"] else "false"
        request.state.rows = head.get("rows")
        return Sent(self, body, headers, media_type or head["type"])

    async def _worked_out(
        self, request: Request, site: Site, job: dict[str, Any], seconds: float | None
    ) -> tuple[str, dict[str, Any], bytes]:
        """The version of the workspace that answered, and its answer."""
        client = getattr(request.state, "who", None) or (request.client.host if request.client else "")
        async with self.gate.turn(client):
            generation = site.now
            work = generation.ask({**job, "changes": job["kind"] in CHANGING}, seconds or self.limits.seconds)
            return generation.facts["version"], *await _unless_gone(request, work)

    def _keep(self, etag: str, head: dict[str, Any], body: bytes) -> None:
        """Keep an answer for who asks the same next, as long as there is room: data do not change within a generation."""
        if len(body) > _LARGE:
            return
        if etag in self._kept:
            self._kept.move_to_end(etag)
            return
        self._kept[etag] = head, body
        self._size += len(body) + _OVERHEAD
        while self._size > _KEPT:
            self._size -= len(self._kept.popitem(last=False)[1][1]) + _OVERHEAD


class Sent(Response):
    """An answer that counts as unsent until its client has taken it, which has to be in a time that goes with its size."""

    def __init__(self, server: Server, body: bytes, headers: dict[str, str], media_type: str) -> None:
        super().__init__(body, headers=headers, media_type=media_type)
        self.server = server

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer piece by piece. Raises Problem before it begins if too much is unsent already."""
        size, limits = len(self.body), self.server.limits
        if size <= _PIECE:
            await super().__call__(scope, receive, send)
            return
        if self.server.unsent + size > limits.unsent_bytes:
            raise Problem(503, "Too many large answers are under way to slow clients.", "Try again in a moment.", {"Retry-After": "5"})
        self.server.unsent += size
        try:
            async with asyncio.timeout(limits.body_seconds + size / limits.bytes_per_second):
                await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
                view = memoryview(self.body)
                for at in range(0, size, _PIECE):
                    await send({"type": "http.response.body", "body": bytes(view[at : at + _PIECE]), "more_body": at + _PIECE < size})
        except TimeoutError:
            return  # an answer that is not complete: the server closes the connection
        finally:
            self.server.unsent -= size


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


def _etag(*asked: object) -> str:
    """The name of an answer: the same for the same question to the same state of a workspace."""
    return f'"{hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:32]}"'


def _known(request: Request) -> set[str]:
    """The ETags of what the client has. `*` is not among them: whether there is an answer is not known before it is worked out."""
    return {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}


def parameters(request: Request, known: Mapping[str, Any] = {}) -> dict[str, str]:
    """The query parameters but for `known` ones. Raises Problem if one is given twice."""
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in found:
            raise Problem(400, f"The parameter {name!r} is given twice.", "Give it once.")
        found[name] = value
    return {name: value for name, value in found.items() if name not in known}
