"""The ASGI application."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from isms_graph.errors import AmbiguousName, IsmsError, UnknownName

from .hosts import guard
from .log import Log
from .metrics import MEDIA_TYPE as METRICS
from .page import entrance
from .problems import MEDIA_TYPE, Problem, nowhere
from .routes import PROBLEMS, routes
from .server import Gone, Server
from .tokens import Token

_SAFE = [
    (b"x-content-type-options", b"nosniff"),
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    (b"referrer-policy", b"no-referrer"),
]

_OPEN = ("/healthz", "/readyz")  # for whoever watches over the server


def create_app(server: Server, cors: Sequence[str] = (), log: Log | None = None) -> ASGIApp:
    """The application over workspaces; those that are not loaded yet are loaded when it starts."""

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        for site in server.sites:
            if site.generation is None:
                await site.load()
        watches = [asyncio.create_task(site.watch()) for site in server.sites]
        yield
        for watch in watches:
            watch.cancel()
        await asyncio.gather(*(site.close() for site in server.sites))

    text = "An ISMS (ISO/IEC 27001:2022) as a graph: SPARQL, findings, impact, status, saved queries. Only reads."
    app = FastAPI(title="isms-graph", description=text, openapi_url=None, lifespan=life)
    _handlers(app)

    @app.get("/healthz", responses=PROBLEMS)
    async def healthz() -> dict[str, str]:
        """Say that the server is alive."""
        return {"status": "ok"}

    @app.get("/readyz", responses=PROBLEMS)
    async def readyz() -> dict[str, str]:
        """Say whether every workspace is loaded; 503 where one is not."""
        for site in server.sites:
            site.now  # noqa: B018 - raises
        return {"status": "ready"}

    @app.get("/metrics", responses=PROBLEMS, response_class=PlainTextResponse)
    async def metrics(request: Request) -> Response:
        """Give the counters of the server, for Prometheus; with tokens, to those who may see every workspace whole."""
        token = server.visitor(request)
        if token and (token.workspaces is not None or token.graphs is not None):
            raise Problem(403, "The counters tell of every workspace.", "Use a token that is not for some workspaces or graphs only.")
        return Response(server.metrics.text(), media_type=METRICS)

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi(request: Request) -> JSONResponse:
        return JSONResponse(_seen(app.openapi(), server, server.visitor(request)))

    single = len(server.sites) == 1
    for site in server.sites:
        app.include_router(routes(server, site), prefix="" if single else f"/{site.name}", tags=[site.name])
    if single:

        @app.get("/.well-known/void", include_in_schema=False)
        async def void() -> RedirectResponse:
            return RedirectResponse("/sparql", 303)

    else:

        @app.get("/", include_in_schema=False)
        async def workspaces(request: Request) -> Response:
            return entrance(server, server.visitor(request))

    inner: ASGIApp = _Admission(app, server)
    if cors:
        exposed = ["ETag", "Isms-Truncated", "Retry-After"]
        inner = CORSMiddleware(
            inner,
            allow_origins=list(cors),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type"],
            expose_headers=exposed,
        )
    return _Outside(inner, server, log)


def _seen(document: dict[str, Any], server: Server, token: Token | None) -> dict[str, Any]:
    """The OpenAPI document without the workspaces that the one who asks does not see."""
    if token is None:
        return document
    hidden = [f"/{site.name}/" for site in server.sites if not token.sees(site.name) and len(server.sites) > 1]
    paths = {path: methods for path, methods in document["paths"].items() if not path.startswith(tuple(hidden))}
    bearer = {"bearer": {"type": "http", "scheme": "bearer"}}
    components = {**document.get("components", {}), "securitySchemes": bearer}
    return {**document, "paths": paths, "components": components, "security": [{"bearer": []}]}


def _handlers(app: FastAPI) -> None:
    """Every error becomes problem details, here and nowhere else."""

    @app.exception_handler(Problem)
    async def problem(_: Request, error: Problem) -> JSONResponse:
        return _as_response(error)

    @app.exception_handler(IsmsError)
    async def wrong(_: Request, error: IsmsError) -> JSONResponse:
        return _as_response(Problem(404 if isinstance(error, (UnknownName, AmbiguousName)) else 400, str(error)))

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"][1:])
        return _as_response(
            Problem(422, f"The parameter {place!r} does not fit: {first['msg'].lower()}.", "GET /openapi.json describes all parameters.")
        )

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> JSONResponse:
        if error.status_code == 404:
            return _as_response(nowhere())
        said = {405: "This address does not take such a request."}.get(error.status_code, str(error.detail))
        return _as_response(Problem(error.status_code, said, "GET /openapi.json lists what there is.", error.headers or {}))

    @app.exception_handler(Gone)
    async def gone(_: Request, __: Gone) -> Response:
        return Response(status_code=499)  # nobody reads it; the log does


def _as_response(problem: Problem) -> JSONResponse:
    return JSONResponse(problem.body(), problem.status, dict(problem.headers), media_type=MEDIA_TYPE)


class _Admission:
    """Finds out who asks before anything else is looked at: a workspace that is not theirs looks as if it were not there."""

    def __init__(self, app: ASGIApp, server: Server) -> None:
        self.app, self.server = app, server
        self.sites = {site.name: site for site in server.sites}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in _OPEN:
            try:
                self.server.visitor(Request(scope), self.sites.get(scope["path"].split("/")[1]) if len(self.sites) > 1 else None)
            except Problem as problem:
                await _as_response(problem)(scope, receive, send)
                return
        await self.app(scope, receive, send)


class _Outside:
    """What holds for every request: for whom it is, HEAD, safe headers, the log, the counters, and a last resort."""

    def __init__(self, app: ASGIApp, server: Server, log: Log | None) -> None:
        self.app, self.server, self.log = app, server, log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begin, status, size = time.perf_counter(), 500, 0
        head = scope["method"] == "HEAD"
        state = scope.setdefault("state", {})
        scope = {**scope, "method": "GET"} if head else scope

        async def sending(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message.get("headers", ()), *_SAFE]}
            elif message["type"] == "http.response.body":
                size += len(message.get("body", b""))
                if head:
                    message = {**message, "body": b""}
            await send(message)

        try:
            await self._answer(scope, receive, sending)
        except Exception as error:  # noqa: BLE001 - a defect is told to the operator, and not to the client
            print(f"isms serve: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
            await _as_response(Problem(500, "The server has a defect."))(scope, receive, sending)
        finally:
            self._told(scope, state, status, time.perf_counter() - begin, size)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), None)
            guard(host, self.server.tokens is not None, self.server.hosts)
            if len(scope["raw_path"] or b"") + len(scope["query_string"]) > self.server.limits.header_bytes:
                raise Problem(414, "The address is too long.", "Send the query with POST.")
        except Problem as problem:
            await _as_response(problem)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _told(self, scope: Scope, state: dict[str, Any], status: int, seconds: float, size: int) -> None:
        route = getattr(scope.get("route"), "path", None) or "none"
        site = state.get("workspace") or ""
        self.server.metrics.requests.labels(site, route, str(status)).inc()
        self.server.metrics.seconds.labels(site, route).observe(seconds)
        if self.log:
            client = scope["client"][0] if scope.get("client") else None
            self.log.write(
                who=state.get("who"), workspace=site or None, route=scope["path"], what=state.get("what"), status=status,
                seconds=seconds, result_bytes=size, rows=state.get("rows"), client=client,
            )  # fmt: skip
