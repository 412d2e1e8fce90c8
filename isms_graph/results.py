"""The answer to a query as a table of RDF terms, and the forms in which others take it."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from math import isfinite
from typing import Any

from pyoxigraph import BlankNode, Literal, NamedNode, QueryResultsFormat, Triple, parse_query_results

from isms_graph.errors import MissingExtra
from isms_graph.index import Object
from isms_graph.namespaces import XSD

_WHOLE = {
    "integer", "int", "long", "short", "byte", "nonNegativeInteger", "nonPositiveInteger", "negativeInteger", "positiveInteger",
    "unsignedInt", "unsignedLong", "unsignedShort", "unsignedByte",
}  # fmt: skip
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})?")


@dataclass(frozen=True)
class Table:
    """The rows of an answer: RDF terms, None where a variable is unbound. `names` turns a term into words.

    `answer` is that of an ASK, whose one row has it too.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Object | None, ...], ...]
    names: Callable[[Object], str] = field(repr=False, compare=False, default=str)
    answer: bool | None = None

    def texts(self) -> list[list[str]]:
        """The rows with names in place of IRIs and empty texts for what is unbound."""
        return [["" if term is None else self.names(term) for term in row] for row in self.rows]

    def labels(self) -> Table:
        """The same table with names in place of IRIs and blank nodes."""
        rows = tuple(
            tuple(Literal(self.names(one)) if isinstance(one, (NamedNode, BlankNode)) else one for one in row) for row in self.rows
        )
        return Table(self.columns, rows, self.names, self.answer)

    def records(self) -> list[dict[str, Any]]:
        """One dictionary a row: IRIs and texts as strings, numbers and booleans as such, None where unbound."""
        return [{column: _plain(term) for column, term in zip(self.columns, row, strict=True)} for row in self.rows]

    def lexical(self) -> list[list[str]]:
        """The rows as texts, exactly as the values are written; IRIs in full, empty texts for what is unbound."""
        return [["" if term is None else _written(term) for term in row] for row in self.rows]

    def to_csv(self) -> str:
        """The table as CSV with a header; IRIs in full."""
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows([list(self.columns), *self.lexical()])
        return out.getvalue()

    def to_tsv(self) -> str:
        """The table as SPARQL 1.1 TSV: terms as in Turtle, with datatype and language."""
        if self.answer is not None:
            return f"?{self.columns[0]}\n{str(self.answer).lower()}\n"
        return self._serialized(QueryResultsFormat.TSV)

    def to_markdown(self) -> str:
        """The table in Markdown."""
        rows = [list(self.columns), ["---"] * len(self.columns)]
        rows += [["" if term is None else _marked(term) for term in row] for row in self.rows]
        return "".join(f"| {' | '.join(row)} |\n" for row in rows)

    def to_sparql_json(self) -> str:
        """The answer as SPARQL 1.1 Query Results JSON."""
        if self.answer is not None:
            return json.dumps({"head": {}, "boolean": self.answer})
        bindings = [{name: _json(term) for name, term in zip(self.columns, row, strict=True) if term is not None} for row in self.rows]
        return json.dumps({"head": {"vars": self.columns}, "results": {"bindings": bindings}}, ensure_ascii=False)

    def to_sparql_xml(self) -> str:
        """The answer as SPARQL Query Results XML."""
        return self._serialized(QueryResultsFormat.XML)

    def _serialized(self, form: QueryResultsFormat) -> str:
        return (parse_query_results(self.to_sparql_json(), format=QueryResultsFormat.JSON).serialize(format=form) or b"").decode()

    def typed(self) -> list[list[Any]]:
        """The columns, each of one type: int, float, bool, date, datetime with or without zone, else str; None where unbound."""
        return [_column([row[at] for row in self.rows]) for at in range(len(self.columns))]

    def to_polars(self) -> Any:
        """The table as a polars DataFrame with typed columns; decimals are floats. Raises MissingExtra."""
        try:
            import polars
        except ImportError:
            raise MissingExtra("to_polars()", "polars") from None
        types = {int: polars.Int64, float: polars.Float64, bool: polars.Boolean, date: polars.Date}
        columns = []
        for name, values in zip(self.columns, self.typed(), strict=True):
            kind = _kind(values)
            zone = "UTC" if kind is datetime and any(one is not None and one.tzinfo for one in values) else None
            type_ = polars.Datetime("us", zone) if kind is datetime else types.get(kind, polars.String)
            columns.append(polars.Series(name, values, dtype=type_))
        return polars.DataFrame(columns)

    def to_pandas(self) -> Any:
        """The table as a pandas DataFrame with typed, nullable columns; decimals are floats. Raises MissingExtra."""
        try:
            import pandas
        except ImportError:
            raise MissingExtra("to_pandas()", "pandas") from None
        types = {int: "Int64", float: "Float64", bool: "boolean", date: "datetime64[s]"}
        columns = {}
        for at, values in enumerate(self.typed()):
            kind = _kind(values)
            zoned = kind is datetime and any(one is not None and one.tzinfo for one in values)
            type_ = ("datetime64[us, UTC]" if zoned else "datetime64[us]") if kind is datetime else types.get(kind, "string")
            columns[at] = pandas.Series(values, dtype=type_)
        frame = pandas.DataFrame(columns)
        frame.columns = list(self.columns)
        return frame


def _plain(term: Object | None) -> Any:
    if isinstance(term, Literal):
        kind = term.datatype.value.removeprefix(XSD)
        try:
            if kind == "integer":
                return int(term.value)
            if kind in ("decimal", "double") and isfinite(float(term.value)):
                return float(term.value)
        except ValueError:  # written as a number that it is not
            return term.value
        return term.value in ("true", "1") if kind == "boolean" else term.value
    return None if term is None else _written(term)


def _written(term: Object) -> str:
    return term.value if isinstance(term, (NamedNode, Literal)) else str(term)


def value(term: Object | None) -> Any:
    """A term as a Python value: int, Decimal, float, bool, date or datetime if it is a well-formed one, else its text."""
    if not isinstance(term, Literal):
        return None if term is None else _written(term)
    text, kind = term.value, term.datatype.value.removeprefix(XSD)
    try:
        if kind in _WHOLE:
            return int(text)
        if kind == "decimal":
            return Decimal(text)
        if kind in ("double", "float"):
            return float(text)
        if kind == "date" and _DATE.fullmatch(text):
            return date.fromisoformat(text)
        if kind == "dateTime" and _MOMENT.fullmatch(text):
            return datetime.fromisoformat(text)
    except (ValueError, ArithmeticError):
        return text
    return {"true": True, "1": True, "false": False, "0": False}.get(text, text) if kind == "boolean" else text


def _column(terms: list[Object | None]) -> list[Any]:
    """The values of a column in one type that holds them all, or as they are written."""
    values = [value(term) for term in terms]
    bound = [one for one in values if one is not None]
    kinds = {type(one) for one in bound}
    zones = {bool(one.tzinfo) for one in bound if isinstance(one, datetime)}
    long = any(isinstance(one, int) and not -(2**63) <= one < 2**63 for one in bound)
    if kinds <= {int, Decimal, float} and kinds != {int} and not long:
        return [None if one is None else float(one) for one in values]
    if zones == {True} and kinds == {datetime}:
        return [None if one is None else one.astimezone(UTC) for one in values]
    if len(kinds) == 1 and len(zones) <= 1 and not long:
        return values
    return [None if term is None else _written(term) for term in terms]


def _kind(values: list[Any]) -> type:
    return next((type(one) for one in values if one is not None), type(None))


def _json(term: Object) -> dict[str, Any]:
    """A term as SPARQL Query Results JSON has it."""
    if isinstance(term, NamedNode):
        return {"type": "uri", "value": term.value}
    if isinstance(term, BlankNode):
        return {"type": "bnode", "value": term.value}
    if isinstance(term, Triple):
        parts = {"subject": term.subject, "predicate": term.predicate, "object": term.object}
        return {"type": "triple", "value": {name: _json(part) for name, part in parts.items()}}
    said: dict[str, Any] = {"type": "literal", "value": term.value}
    if term.language is not None:
        direction = {"its:dir": str(term.direction)} if term.direction is not None else {}
        return {**said, "xml:lang": term.language, **direction}
    return said if term.datatype.value == XSD + "string" else {**said, "datatype": term.datatype.value}


def _marked(term: Object) -> str:
    """A term in a cell of a Markdown table; nothing in it makes a link, a tag or another cell."""
    if isinstance(term, NamedNode):
        return f"<{term.value}>"
    text = _written(term).replace("&", "&amp;").replace("<", "&lt;")
    return re.sub(r"([\\`*_\[\]|~])", r"\\\1", text).replace("\r\n", "\n").replace("\r", "\n").replace("\n", "<br>")
