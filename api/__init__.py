"""The HTTP endpoint: SPARQL 1.1 Protocol and the answers of isms-graph as plain routes, read only.

    client -- HTTP --> server -- socket --> keeper of a workspace -- fork --> worker: one answer at a time

`app.create_app` is the ASGI application (routes, sparql, page, server: who asks and whose turn it is). Its process loads
no ISMS: `sites` has a `keeper` process for each workspace (`generation` is the server's side of one), which forks a
`worker` that works out `answers` under limits and can be killed. THREAT_MODEL.md says what that is for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .app import create_app

__all__ = ["create_app"]


def __getattr__(name: str) -> Any:
    """The application, imported when it is first used: `tokens` and others can be had without the web framework."""
    if name == "create_app":
        from .app import create_app

        return create_app
    raise AttributeError(f"module 'isms_graph.api' has no attribute {name!r}")
