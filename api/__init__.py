"""The HTTP endpoint: the answers of isms-graph as plain JSON routes, read only.

`create_app(isms)` is an ASGI application. It answers fixed questions: findings, impact, status and the saved queries.
It takes no free SPARQL: a query of a stranger has to run where it can be killed, which this application does not do.
"""

from __future__ import annotations

from .app import create_app

__all__ = ["create_app"]
