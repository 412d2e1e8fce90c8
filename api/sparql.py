"""The route of the SPARQL 1.1 Protocol."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import Request, Response

from .admission import admit
from .limits import Limits
from .negotiation import choose
from .page import page
from .problems import Problem
from .protocol import METHODS, Asked, read_request
from .server import Server
from .sites import Site

_DRAINED = 20  # so many times the limit
_CLOSE = {"Connection": "close"}


async def sparql(server: Server, site: Site, request: Request) -> Response:
    """Answer a query; without one, describe the service: as a page to browsers, else in RDF. Raises Problem."""
    if request.method == "OPTIONS":
        return Response(status_code=204, headers={"Allow": METHODS})
    token = server.visitor(request, site)
    scope = list(token.graphs) if token and token.graphs is not None else None
    body = await read_body(request, server.limits) if request.method == "POST" else b""
    asked = read_request(request.method, request.scope["query_string"], request.headers.get("content-type"), body, server.limits)
    accept = request.headers.get("accept")
    if asked.text is None:
        if asked.format is None and scope is None and "text/html" in (accept or ""):
            return page(server, site, request)
        format_ = choose(accept, asked.format, "CONSTRUCT")
        job: dict[str, Any] = {"kind": "description", "url": _address(request), "scope": scope, "format": format_.name}
        return await server.answer(request, site, job, format_.media_type)
    request.state.what = asked.text
    admitted = admit(asked.text, server.limits)
    format_ = choose(accept, asked.format, admitted.form)
    default, named = _graphs(asked, admitted.default_graphs, admitted.named_graphs)
    job = {
        "kind": "sparql", "text": admitted.text, "default": default, "named": named, "scope": scope,
        "format": format_.name, "rows": asked.rows,
    }  # fmt: skip
    return await server.answer(request, site, job, format_.media_type, asked.seconds, admitted.deterministic)


def _graphs(asked: Asked, default: tuple[str, ...], named: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """The graphs of the request if it names any, else those of the query."""
    if asked.default_graphs or asked.named_graphs:
        return list(asked.default_graphs), list(asked.named_graphs)
    return list(default), list(named)


async def read_body(request: Request, limits: Limits) -> bytes:
    """The body, whether its length was announced or not. Raises Problem: 413 if it is too long, 408 if it takes too long.

    Some of what is too long is read and thrown away: who is still sending when the connection closes sees no answer.
    """
    body, size = b"", 0
    try:
        async with asyncio.timeout(limits.body_seconds):
            async for part in request.stream():
                size += len(part)
                if size <= limits.body_bytes:
                    body += part
                elif size > _DRAINED * limits.body_bytes:
                    break
    except TimeoutError:
        raise Problem(408, f"The request did not arrive within {limits.body_seconds:g} seconds.", "", _CLOSE) from None
    if size > limits.body_bytes:
        raise Problem(413, f"The request has over {limits.body_bytes:,} bytes.", "Send a shorter query.", _CLOSE)
    return body


def _address(request: Request) -> str:
    return str(request.url.replace(query="", fragment=""))
