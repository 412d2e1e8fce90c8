"""`isms serve`."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isms_graph.errors import InputError, MissingExtra, UsageError

if TYPE_CHECKING:
    import uvicorn

    from isms_graph.api.sites import Site
    from isms_graph.api.tokens import Tokens


def run_serve(
    workspace: Sequence[str], as_of: str | None, host: str, port: int, tokens: str | None, hosts: Sequence[str], cors: Sequence[str],
    log: str | None, limits: Sequence[str],
) -> int:  # fmt: skip
    """Serve workspaces until interrupted."""
    try:
        import uvicorn

        from isms_graph.api.app import create_app
        from isms_graph.api.hosts import may_bind
        from isms_graph.api.impatient import impatient
        from isms_graph.api.limits import Limits
        from isms_graph.api.log import Log
        from isms_graph.api.server import Server
        from isms_graph.api.sites import Site, named
        from isms_graph.api.tokens import read_tokens
    except ImportError:
        raise MissingExtra("isms serve", "api") from None
    if not sys.platform.startswith("linux"):
        raise UsageError("isms serve needs Linux: it confines the processes that answer queries in ways of its kernel.")
    may_bind(host, bool(tokens))
    who = read_tokens(Path(tokens)) if tokens else None
    chosen = replace(Limits(), **dict(_limit(text) for text in limits))
    places = named(workspace)
    if who:
        _served(who, [name for name, _ in places], str(tokens))
    scopes = [list(token.graphs) for token in who.entries if token.graphs is not None] if who else []
    sites = [Site(name, paths, as_of, scopes, chosen) for name, paths in places]
    app = create_app(Server(sites, chosen, who, hosts), cors, Log(sys.stderr if log == "-" else log) if log else None)
    config = uvicorn.Config(
        app, host=host, port=port, log_level="warning", access_log=False, server_header=False, proxy_headers=False,
        http=impatient(chosen.body_seconds),
        h11_max_incomplete_event_size=chosen.header_bytes, ws="none",
        limit_concurrency=chosen.connections, timeout_graceful_shutdown=int(chosen.seconds) + 2,
    )  # fmt: skip
    asyncio.run(_serve(uvicorn.Server(config), sites))
    return 0


async def _serve(server: uvicorn.Server, sites: Sequence[Site]) -> None:
    """Load everything first, so that what is wrong with a workspace is said before anybody can ask."""
    for site in sites:
        await site.load()
        if not site.now.apart:
            click.echo("The system does not let queries run in a network of their own; they still cannot open a connection.", err=True)
    sock = _listening(server.config.host, server.config.port)
    host = f"[{server.config.host}]" if ":" in server.config.host else server.config.host
    for site in sites:
        facts = site.now.facts
        url = f"http://{host}:{sock.getsockname()[1]}/{'' if len(sites) == 1 else f'{site.name}/'}"
        click.echo(f"{facts['name'] or site.name}: {url} ({facts['statements']:,} statements)")
    click.echo("SPARQL is at sparql, all routes at /openapi.json. Press Ctrl-C to stop.")
    await server.serve(sockets=[sock])


def _listening(host: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    # asyncio sends small answers at once only on sockets that say that they are of TCP
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(512)
        return sock
    except OSError as error:
        raise UsageError(f"cannot listen on {host}, port {port}: {error.strerror or error}. Try another --port.") from None


def _served(tokens: Tokens, names: Sequence[str], path: str) -> None:
    """Raises InputError if a token is for a workspace that is not served."""
    for token in tokens.entries:
        for name in token.workspaces or ():
            if name not in names:
                advice = f"Served are {', '.join(names)}; a folder gets another name with NAME=FOLDER."
                raise InputError(f"token {token.name!r}: there is no workspace {name!r}.", Path(path), advice=advice)


def _limit(text: str) -> tuple[str, float]:
    """A limit as `name=value`. Raises UsageError."""
    from dataclasses import fields

    from isms_graph.api.limits import Limits
    from isms_graph.namespaces import nearest

    name, equals, value = text.partition("=")
    kinds = {one.name: type(getattr(Limits, one.name)) for one in fields(Limits)}
    if name not in kinds:
        near = nearest(name, kinds)
        known = f"Did you mean {near[0]}?" if near else f"Limits are {', '.join(kinds)}."
        raise UsageError(f"there is no limit {name!r}. {known}")
    try:
        number = kinds[name](value)
    except ValueError:
        number = 0
    if not equals or not 0 < number < float("inf"):
        raise UsageError(f"the limit {name} is a number above 0, as in {name}={getattr(Limits, name)}.")
    return name, number
