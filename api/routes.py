"""The plain routes of one workspace: the answers of the command line as JSON, documented in OpenAPI."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response

from isms_graph.catalogue import load_catalogue
from isms_graph.errors import UnknownName
from isms_graph.namespaces import nearest
from isms_graph.queries import Question, questions
from isms_graph.sources.workspace import STAGES

from .negotiation import FORMATS
from .page import page
from .problems import MEDIA_TYPE
from .server import Server, parameters
from .sites import Site
from .sparql import sparql

_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {"type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
                   "detail": {"type": "string"}, "advice": {"type": "string"}},
}  # fmt: skip
_PROBLEM: dict[str, Any] = {"description": "What is wrong and what to try.", "content": {MEDIA_TYPE: {"schema": _SCHEMA}}}
PROBLEMS: dict[int | str, dict[str, Any]] = {"4XX": _PROBLEM, "5XX": _PROBLEM}
Stage = Annotated[str | None, Query(max_length=100, description=f"One of {', '.join(STAGES)}; default: what the workspace says.")]
Day = Annotated[str | None, Query(max_length=100, description="A date such as 2026-11-23; default: the as-of date of the workspace.")]
_QUERY_FIELDS = [
    {"name": name, "in": "query", "schema": {"type": type_}, "description": text}
    for name, type_, text in [
        ("query", "string", "A SPARQL 1.1 query. Without it, the service is described."),
        ("default-graph-uri", "string", "A graph of the dataset's default graph; repeatable."),
        ("named-graph-uri", "string", "A named graph of the dataset; repeatable."),
        ("format", "string", "json, xml, csv or tsv; turtle, ntriples, jsonld or rdfxml for graphs. Else the header Accept decides."),
        ("rows", "integer", "At most so many rows; the header Isms-Truncated says whether there are more."),
        ("timeout", "number", "Seconds; less than the server allows."),
    ]
]


_FIELD = {"type": "object", "required": ["query"], "properties": {"query": {"type": "string"}}}
_QUERY_BODY = {
    "required": True,
    "content": {"application/sparql-query": {"schema": {"type": "string"}}, "application/x-www-form-urlencoded": {"schema": _FIELD}},
}
_OTHERS: dict[str, Any] = {"text/html": {}, "text/plain": {}}
_RESULTS: dict[str, Any] = {
    "description": "The results, or the description of the service.",
    "content": {one.media_type.partition(";")[0]: {} for offered in FORMATS.values() for one in offered}
    | {"text/html": {}, "text/plain": {}},
}


class Svg(Response):
    """A drawing."""

    media_type = "image/svg+xml"


def routes(server: Server, site: Site) -> APIRouter:
    """The routes of a workspace."""
    router = APIRouter(responses=PROBLEMS)
    known = questions()
    catalogue = [
        {"id": one.id, "clause": one.clause, "severity": one.severity, "label": one.label} for one in load_catalogue().checks.values()
    ]

    async def whole(request: Request, **job: Any) -> Response:
        server.whole(request, site)
        request.state.what = " ".join(f"{name}={value}" for name, value in job.items() if name != "kind" and value is not None)
        return await server.answer(request, site, job)

    @router.get("/", include_in_schema=False)
    async def start(request: Request) -> Response:
        server.whole(request, site)  # what is wrong with the files stands on it
        return page(server, site, request)

    @router.get("/sparql", responses={200: _RESULTS}, openapi_extra={"parameters": _QUERY_FIELDS})
    async def ask(request: Request) -> Response:
        """Answer a SPARQL query, or describe the service."""
        return await sparql(server, site, request)

    @router.post("/sparql", responses={200: _RESULTS}, openapi_extra={"requestBody": _QUERY_BODY})
    async def ask_by_post(request: Request) -> Response:
        """Answer a SPARQL query in the body."""
        return await sparql(server, site, request)

    @router.api_route("/sparql/", methods=["GET", "POST", "OPTIONS", "PUT", "DELETE", "PATCH"], include_in_schema=False)
    @router.api_route("/sparql", methods=["OPTIONS", "PUT", "DELETE", "PATCH"], include_in_schema=False)
    async def any_other(request: Request) -> Response:
        return await sparql(server, site, request)

    @router.get("/checks")
    async def checks(request: Request) -> list[dict[str, str]]:
        """List the checks."""
        server.visitor(request, site)
        return catalogue

    @router.get("/findings")
    async def findings(request: Request, stage: Stage = None) -> Response:
        """Run the checks; the JSON of `isms check --output json`."""
        return await whole(request, kind="findings", stage=stage)

    @router.get("/impact")
    async def what_is_affected(
        request: Request,
        what: Annotated[
            list[Annotated[str, Query(max_length=500)]],
            Query(min_length=1, max_length=100, description="An IRI, short name, identifier or label; repeatable."),
        ],
        direction: Literal["affects", "affected-by"] = "affects",
        hops: Annotated[int | None, Query(ge=1, le=1000)] = None,
        change: Literal["change", "removal", "addition"] = "change",
    ) -> Response:
        """Say what a change of one or several elements affects; the JSON of `isms impact --output json`."""
        return await whole(request, kind="impact", what=what, direction=direction, hops=hops, change=change)

    @router.get("/queries")
    async def saved_queries(request: Request) -> list[dict[str, Any]]:
        """List the saved queries with their parameters and columns."""
        server.visitor(request, site)
        return [_listed(one) for one in known.values()]

    @router.get("/queries/{name}", responses={200: {"description": "The rows.", "content": {"text/csv": {}, "text/turtle": {}}}})
    async def saved(
        request: Request,
        name: Annotated[str, Path(max_length=100)],
        format: Literal["json", "csv"] = "json",
        rows: Annotated[int | None, Query(ge=1, description="At most so many rows; `truncated` says whether there are more.")] = None,
    ) -> Response:
        """Answer a saved query; its parameters are further ones of the URL."""
        given = parameters(request, {"format": 0, "rows": 0})
        if name not in known:
            raise UnknownName("query", name, nearest(name, known), "GET /queries lists them.")
        return await whole(request, kind="query", name=name, parameters=given, format=format, rows=rows)

    @router.get("/status")
    async def how_far(request: Request, stage: Stage = None) -> Response:
        """Give the verdict on the four verbs and the progress by phase; the JSON of `isms status --output json`."""
        return await whole(request, kind="status", stage=stage)

    @router.get("/process-map.svg", response_class=Svg)
    async def drawing(request: Request) -> Response:
        """Draw the process map."""
        return await whole(request, kind="map")

    @router.get("/elements/{name:path}")
    async def element(request: Request, name: Annotated[str, Path(max_length=500)]) -> Response:
        """Describe an element by its IRI, short name, identifier or label: what the files say of it, and where."""
        return await whole(request, kind="element", name=name)

    @router.get("/diff")
    async def compared(
        request: Request, from_: Annotated[str | None, Query(alias="from", max_length=100)] = None, to: Day = None, stage: Stage = None
    ) -> Response:
        """Compare the ISMS as of two dates, `from` and `to`; the JSON of `isms diff --as-of --as-of --output json`."""
        return await whole(request, kind="diff", **{"from": from_}, to=to, stage=stage)

    return router


def _listed(one: Question) -> dict[str, Any]:
    return {
        "name": one.name,
        "question": one.question,
        "audience": one.audience,
        "parameters": [{"name": p.name, "type": p.type, "default": p.default, "description": p.description} for p in one.parameters],
        "columns": [{"name": name, "description": description} for name, description in one.columns],
    }
