"""What a worker answers: SPARQL queries, and the answers of the command line as JSON.

A job is a JSON object with `kind`, one of JOBS, and what that kind asks for. An answer is a media type and bytes.
"""

from __future__ import annotations

import io
import json
import secrets
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from pyoxigraph import QueryBoolean, QueryResultsFormat, QuerySolutions, QueryTriples, RdfFormat, parse_query_results, serialize

from isms_graph.assessment import assess
from isms_graph.catalogue import Catalogue, load_catalogue
from isms_graph.checks import check, organization_name
from isms_graph.diffs import diff
from isms_graph.errors import AmbiguousName, IsmsError, UnknownName
from isms_graph.graph import Isms, as_date, assemble, load
from isms_graph.impacts import impact
from isms_graph.namespaces import ISMS, ISO27001, SPARQL_PREFIXES, nearest
from isms_graph.queries import Question, Table, ask, bad_query, questions
from isms_graph.render.diff import as_json as diff_json
from isms_graph.render.impact import as_json as impact_json
from isms_graph.render.process_map import process_map
from isms_graph.render.report_json import as_json as report_json
from isms_graph.render.status import as_json as status_json
from isms_graph.render.svg import svg
from isms_graph.statuses import status

from .datasets import Datasets
from .description import PREFIXES as DESCRIBED
from .description import service_description
from .elements import element
from .limits import Limits
from .problems import Problem

JSON = "application/json"
RESULTS = {
    "json": QueryResultsFormat.JSON, "xml": QueryResultsFormat.XML, "csv": QueryResultsFormat.CSV, "tsv": QueryResultsFormat.TSV,
}  # fmt: skip
TRIPLES = {"turtle": RdfFormat.TURTLE, "ntriples": RdfFormat.N_TRIPLES, "jsonld": RdfFormat.JSON_LD, "rdfxml": RdfFormat.RDF_XML}


@dataclass
class Held:
    """A loaded ISMS with all that answering needs; after this no file is read."""

    name: str
    isms: Isms
    catalogue: Catalogue
    questions: Mapping[str, Question]
    datasets: Datasets
    limits: Limits
    facts: dict[str, Any] = field(default_factory=dict)


class _Bounded(io.BytesIO):
    """Takes so many bytes and no more. Raises Problem."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def write(self, data: Any) -> int:
        if self.tell() + len(data) > self.most:
            raise Problem(413, f"The result has over {self.most:,} bytes.", "Ask for less: fewer columns, a narrower pattern, or LIMIT.")
        return super().write(data)


def hold(spec: Mapping[str, Any]) -> Held:
    """Load the workspace that a server's `spec` names. Raises as `load` does."""
    isms_ = load(spec["paths"], as_of=spec["as_of"])
    held = Held(spec["name"], isms_, load_catalogue(), questions(), Datasets(isms_, spec["scopes"]), Limits(**spec["limits"]))
    _warm(held)
    held.facts = {
        "name": organization_name(isms_),
        "statements": isms_.statement_count,
        "graphs": len(held.datasets.named),
        "as_of": isms_.as_of.isoformat(),
        "today": isms_.as_of_origin == "today",
        "version": secrets.token_hex(12),  # of this state, so that nobody takes an answer from another for its own
    }
    return held


def _warm(held: Held) -> None:
    """Have everything imported, read and kept that answers need, before a worker is made that cannot open a file."""
    for kind in ("findings", "map", "status"):
        JOBS[kind](held, {})
    with suppress(UnknownName):
        held.isms.locator.read()
        ask(held.isms, held.questions["figures"], {})
        impact(held.isms, "no such name")
    nearest("", [])
    assess(held.isms)


def answer(held: Held, job: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
    """The answer to a job: its head with media type, and the body. Raises Problem."""
    try:
        return JOBS[job["kind"]](held, job)
    except IsmsError as error:
        raise Problem(404 if isinstance(error, (UnknownName, AmbiguousName)) else 400, str(error)) from None


def sparql(held: Held, job: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
    """Answer a query over the dataset that it asks for and its token may see."""
    dataset = held.datasets.of(job["default"], job["named"], job["scope"])
    try:
        results = held.isms.store.query(
            SPARQL_PREFIXES + job["text"],
            base_iri=held.isms.workspace.base,
            default_graph=dataset.default,
            named_graphs=dataset.named,
        )
        return _serialized(results, job["format"], job["rows"], held.limits.result_bytes)
    except SyntaxError as error:
        wrong = bad_query(str(error), job["text"])
        raise Problem(400, f"Line {wrong.line}, column {wrong.column}: {wrong.message}.", wrong.advice) from None
    except (OSError, ValueError, RuntimeError) as error:
        raise Problem(400, f"The query cannot be answered: {str(error)[:300]}.") from None


def _serialized(results: Any, format_: str, rows: int | None, most: int) -> tuple[dict[str, Any], bytes]:
    out = _Bounded(most)
    if isinstance(results, QueryTriples):
        if rows is None:
            results.serialize(out, format=TRIPLES[format_])
            return {}, out.getvalue()
        taken = [triple for _, triple in zip(range(rows + 1), results, strict=False)]
        serialize(taken[:rows], out, format=TRIPLES[format_])
        return {"rows": min(len(taken), rows), "truncated": len(taken) > rows}, out.getvalue()
    if isinstance(results, QueryBoolean) or rows is None:
        results.serialize(out, format=RESULTS[format_])
        return {}, out.getvalue()
    results.serialize(out, format=QueryResultsFormat.JSON)
    table = json.loads(out.getvalue())
    bindings = table["results"]["bindings"]
    table["results"]["bindings"] = bindings[:rows]
    cut = parse_query_results(json.dumps(table), format=QueryResultsFormat.JSON)
    assert isinstance(cut, QuerySolutions)
    return {"rows": min(len(bindings), rows), "truncated": len(bindings) > rows}, cut.serialize(format=RESULTS[format_]) or b""


def _json(content: object) -> tuple[dict[str, Any], bytes]:
    return {"type": JSON}, json.dumps(content, ensure_ascii=False).encode()


def saved(held: Held, job: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
    """Answer a saved query: rows as objects, as CSV, or triples as Turtle."""
    name = job["name"]
    if name not in held.questions:
        raise UnknownName("query", name, nearest(name, held.questions), "GET /queries lists them.")
    found = ask(held.isms, held.questions[name], dict(job["parameters"]))
    if not isinstance(found, Table):
        return {"type": "text/turtle"}, bytes(serialize(found, format=RdfFormat.TURTLE) or b"")
    rows = len(found.rows) if job["rows"] is None else job["rows"]
    shown = Table(found.columns, found.rows[:rows], found.names)
    cut = {"rows": len(shown.rows), "truncated": len(found.rows) > rows}
    if job["format"] == "csv":
        return {**cut, "type": "text/csv"}, shown.to_csv().encode()
    head, body = _json({"columns": shown.columns, "rows": shown.records(), "truncated": cut["truncated"]})
    return {**cut, **head}, body


def compared(held: Held, job: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
    """Compare the ISMS as of two dates."""
    before, after = (_as_of(held.isms, job[end]) for end in ("from", "to"))
    return _json(diff_json(diff(before, after, job.get("stage"))))


def _as_of(isms_: Isms, day: str | None) -> Isms:
    wanted = as_date(day) or isms_.as_of
    if not 1900 <= wanted.year <= 2200:
        raise Problem(400, f"{wanted} is too far away.", "Years from 1900 to 2200 can be compared.")
    made = assemble(isms_.workspace, isms_.sources, isms_.vocabulary, wanted, isms_.stage)
    made.locator = isms_.locator  # which has read the files
    return made


def described(held: Held, job: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
    """Describe the service and its data, with the graphs that the token may see."""
    triples, graphs = held.datasets.sizes(job["scope"])
    classes = _classes(held.isms) if job["scope"] is None else {}
    try:
        said = service_description(job["url"], graphs, triples, classes, (ISMS, ISO27001))
    except ValueError:
        raise Problem(400, "The host name of the request makes no IRI.") from None
    return {}, bytes(serialize(said, format=TRIPLES[job["format"]], prefixes=DESCRIBED) or b"")


def _classes(isms_: Isms) -> dict[str, int]:
    return dict(sorted(Counter(class_.value for node in isms_.described() for class_ in isms_.classes(node)).items()))


def _named(held: Held, answer_: dict[str, object]) -> dict[str, object]:
    """An answer that bears the workspace's name, and not the folder of the server's machine."""
    return {**answer_, "workspace": held.name}


JOBS: dict[str, Callable[[Held, Mapping[str, Any]], tuple[dict[str, Any], bytes]]] = {
    "sparql": sparql,
    "query": saved,
    "findings": lambda held, job: _json(_named(held, report_json(check(held.isms, job.get("stage"), catalogue=held.catalogue)))),
    "status": lambda held, job: _json(_named(held, status_json(status(held.isms, job.get("stage"))))),
    "impact": lambda held, job: _json(impact_json(impact(held.isms, job["what"], job["direction"], job["hops"], job["change"]), held.isms)),
    "element": lambda held, job: _json(element(held.isms, job["name"])),
    "map": lambda held, _: ({"type": "image/svg+xml"}, svg(process_map(held.isms)).encode()),
    "diff": compared,
    "description": described,
}
