"""The HTTP endpoint: the answers of isms-graph as plain JSON routes, read only.

`create_app(isms)` is an ASGI application. It answers fixed questions: findings, impact, status and the saved queries.
It takes no free SPARQL: a query of a stranger has to run where it can be killed, which this application does not do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .app import create_app

__all__ = ["create_app"]


def __getattr__(name: str) -> Any:
    """The application, imported when it is first used: the parts that need no web framework can be had without it."""
    if name == "create_app":
        from .app import create_app

        return create_app
    raise AttributeError(f"module 'isms_graph.api' has no attribute {name!r}")
