"""The ASGI application."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import FastAPI, HTTPException, Query, Request
from fastapi.responses import JSONResponse, Response

from isms_graph.catalogue import load_catalogue
from isms_graph.checks import check
from isms_graph.errors import AmbiguousName, IsmsError, UnknownName
from isms_graph.graph import Isms
from isms_graph.impacts import impact
from isms_graph.queries import Table, ask, questions
from isms_graph.render.impact import as_json as impact_json
from isms_graph.render.process_map import process_map
from isms_graph.render.report_json import as_json as report_json
from isms_graph.render.status import as_json as status_json
from isms_graph.render.svg import svg
from isms_graph.statuses import status


def create_app(isms_: Isms) -> FastAPI:
    """The application for one loaded ISMS. Answers are computed when asked, from the ISMS as it was loaded."""
    app = FastAPI(title="isms-graph", description="An ISMS as a graph: findings, impact, status, saved queries.")
    catalogue = load_catalogue()
    known = questions()

    @app.exception_handler(IsmsError)
    def problem(_: Request, error: IsmsError) -> JSONResponse:
        """Problem details (RFC 9457): 404 for a name that nobody has, 400 for anything else that was asked wrongly."""
        code = 404 if isinstance(error, (UnknownName, AmbiguousName)) else 400
        body = {"type": "about:blank", "title": type(error).__name__, "status": code, "detail": str(error)}
        return JSONResponse(body, status_code=code, media_type="application/problem+json")

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        """Say that the server is alive."""
        return {"status": "ok"}

    @app.get("/checks")
    def checks() -> list[dict[str, str]]:
        """List the checks."""
        return [{"id": one.id, "clause": one.clause, "severity": one.severity, "label": one.label} for one in catalogue.checks.values()]

    @app.get("/findings")
    def findings(stage: str | None = None) -> dict[str, object]:
        """Run the checks; the same JSON as `isms check --output json`."""
        return report_json(check(isms_, stage, catalogue=catalogue))

    @app.get("/impact")
    def what_is_affected(
        what: Annotated[list[str], Query(max_length=100)],
        direction: Literal["affects", "affected-by"] = "affects",
        hops: Annotated[int | None, Query(ge=1, le=1000)] = None,
        change: Literal["change", "removal", "addition"] = "change",
    ) -> dict[str, object]:
        """Say what a change of one or several elements affects; the same JSON as `isms impact --output json`."""
        return impact_json(impact(isms_, what, direction, hops, change), isms_)

    @app.get("/queries")
    def saved_queries() -> list[dict[str, Any]]:
        """List the saved queries with their parameters."""
        return [
            {
                "name": one.name,
                "question": one.question,
                "audience": one.audience,
                "parameters": [
                    {"name": p.name, "type": p.type, "default": p.default, "description": p.description} for p in one.parameters
                ],
            }
            for one in known.values()
        ]

    @app.get("/queries/{name}")
    def answer(name: str, request: Request) -> dict[str, Any]:
        """Answer a saved query; its parameters are those of the URL."""
        if name not in known:
            raise HTTPException(404, f"There is no query {name!r}; GET /queries lists them.")
        table = ask(isms_, known[name], dict(request.query_params))
        assert isinstance(table, Table)
        return {"columns": table.columns, "rows": table.records()}

    @app.get("/status")
    def how_far(stage: str | None = None) -> dict[str, object]:
        """Give the verdict on the four verbs and the progress by phase."""
        return status_json(status(isms_, stage))

    @app.get("/process-map.svg", response_class=Response)
    def drawing() -> Response:
        """Draw the process map."""
        return Response(svg(process_map(isms_)), media_type="image/svg+xml")

    return app
