"""Saved questions: one SPARQL query per file, with a header in `#+` comments, and their answers as tables.

    #+ question: Which risks has nobody looked at in the last months?
    #+ audience: ISMS manager, auditor
    #+ param: months months 12 -- How many months to look back from the as-of date.
    #+ column: risk -- The risk.
    SELECT ?risk ... WHERE { VALUES ?months { UNDEF } ... }

A parameter has a name, a type, perhaps a default, and a description. Its value goes into the query as an RDF term in
place of the UNDEF of its VALUES block, never as text. Types: `element` (an IRI, short name or label), `integer`,
`string`, `date`, and `months`, a number that reaches the query as the date so many months before the as-of date.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from pyoxigraph import Literal, NamedNode, QueryBoolean, QuerySolutions, QueryTriples, Triple

from isms_graph.assessment import assessed, months_before
from isms_graph.errors import CatalogueError, InputError, UnknownName, UsageError
from isms_graph.graph import Isms
from isms_graph.names import resolve
from isms_graph.namespaces import XSD, nearest
from isms_graph.query_errors import bad_query as bad_query
from isms_graph.resources import folder
from isms_graph.results import Table as Table
from isms_graph.shacl.sparql import NotUnderstood, tokens

_HEADER = re.compile(r"^#\+\s*([^:\s]*)\s*:?[ \t]*(.*?)\s*$", re.MULTILINE)
_KEYS = ("question", "audience", "param", "column")
TYPES = ("element", "integer", "string", "date", "months")


@dataclass(frozen=True)
class Parameter:
    """A parameter; without a default it has to be given."""

    name: str
    type: str
    default: str | None
    description: str


@dataclass(frozen=True)
class Question:
    """A saved query. `columns` are (variable, description) in the order of the result."""

    name: str
    question: str
    audience: str
    parameters: tuple[Parameter, ...]
    columns: tuple[tuple[str, str], ...]
    text: str
    path: Path


def questions() -> dict[str, Question]:
    """The shipped questions by name. Raises CatalogueError."""
    return dict(_all_in(folder("queries")))


@cache
def _all_in(place: Path) -> dict[str, Question]:
    found: dict[str, Question] = {}
    for path in sorted(place.rglob("*.rq")):
        question = read_question(path)
        if question.name in found:
            raise CatalogueError(f"{path}: a query called {question.name} is in {found[question.name].path} already")
        found[question.name] = question
    return found


def read_question(path: Path) -> Question:
    """Read a query file with its header. Raises CatalogueError if the header is wrong or a parameter is not used."""
    text = path.read_text(encoding="utf-8")
    header: dict[str, list[str]] = {key: [] for key in _KEYS}
    for key, value in _HEADER.findall(text):
        if key not in _KEYS:
            near = nearest(key, _KEYS)
            raise CatalogueError(f"{path}: there is no header {key!r}; {f'did you mean {near[0]}?' if near else f'known are {_KEYS}'}")
        header[key].append(value)
    for key in ("question", "audience"):
        if len(header[key]) != 1:
            raise CatalogueError(f"{path}: exactly one #+ {key} is needed")
    parameters = tuple(_parameter(path, value) for value in header["param"])
    if len({parameter.name for parameter in parameters}) < len(parameters):
        raise CatalogueError(f"{path}: two parameters have the same name")
    for parameter in parameters:
        if len(_slot(parameter.name).findall(text)) != 1:
            raise CatalogueError(f"{path}: the parameter {parameter.name} is not used; write VALUES ?{parameter.name} {{ UNDEF }} once")
    for name in re.findall(r"VALUES\s+\?(\w+)\s*\{\s*UNDEF\s*\}", text):
        if name not in {parameter.name for parameter in parameters}:
            raise CatalogueError(f"{path}: ?{name} waits for a value and there is no #+ param: {name}")
    columns = tuple((name.strip(), description.strip()) for name, _, description in (value.partition("--") for value in header["column"]))
    return Question(path.stem, header["question"][0], header["audience"][0], parameters, columns, text, path)


def _parameter(path: Path, text: str) -> Parameter:
    words, dashes, description = text.partition("--")
    name, type_, *default = words.split(maxsplit=2) if len(words.split()) >= 2 else ("", "")
    if not dashes or not name.isidentifier() or type_ not in TYPES:
        raise CatalogueError(f"{path}: a parameter reads `name type [default] -- description` with a type of {', '.join(TYPES)}")
    return Parameter(name, type_, default[0].strip() if default else None, description.strip())


def _slot(name: str) -> re.Pattern[str]:
    return re.compile(rf"VALUES\s+\?{name}\s*\{{\s*UNDEF\s*\}}")


def query(isms_: Isms, name: str, **parameters: object) -> Table:
    """The answer to a saved question. Raises UnknownName, UsageError, InputError."""
    known = questions()
    if name not in known:
        raise UnknownName("query", name, nearest(name, known), "`isms query --list` lists them.")
    answer = ask(isms_, known[name], {key: str(value) for key, value in parameters.items()})
    assert isinstance(answer, Table)
    return answer


def ask(isms_: Isms, question: Question, values: dict[str, str]) -> Table | list[Triple]:
    """The answer to a question: a table, or triples for a CONSTRUCT. Raises UsageError or InputError."""
    return run(isms_, with_values(isms_, question, values), question.path)


def with_values(isms_: Isms, question: Question, values: dict[str, str]) -> str:
    """The text of a question with its parameters filled in. Raises UnknownName or UsageError."""
    wanted = {parameter.name: parameter for parameter in question.parameters}
    for name in values:
        if name not in wanted:
            known = f"Parameters are {', '.join(wanted)}." if wanted else "It takes none."
            raise UnknownName(f"parameter of {question.name}", name, nearest(name, wanted), known)
    text = question.text
    for parameter in question.parameters:
        given = values.get(parameter.name, parameter.default)
        if given is None:
            raise UsageError(
                f"{question.name} needs --param {parameter.name}=...: {parameter.description[:1].lower()}{parameter.description[1:]}"
            )
        term = _bind(isms_, parameter, given)
        text = _slot(parameter.name).sub(lambda _, name=parameter.name, term=term: f"VALUES ?{name} {{ {term} }}", text)  # type: ignore[misc]
    return text


def run(isms_: Isms, text: str, path: Path | None = None) -> Table | list[Triple]:
    """The answer to any SPARQL query; the prefixes of the ISMS need no declaration. Raises InputError for a bad query."""
    try:
        words = {token.text for token in tokens(text) if token.kind == "word"}
    except NotUnderstood:
        words = set()  # the engine says what is wrong, with line and column
    if "SERVICE" in words:
        raise InputError("SERVICE would ask the network, and queries here do not.", path)
    store = isms_.with_file_graphs() if words & {"GRAPH", "FROM"} else isms_.store
    assessed(isms_)
    try:
        answer = store.query(text, base_iri=isms_.workspace.base, prefixes=isms_.prefixes)
        if isinstance(answer, QueryBoolean):
            return Table(("answer",), ((Literal(bool(answer)),),), isms_.label, bool(answer))
        if isinstance(answer, QueryTriples):
            return list(answer)
        assert isinstance(answer, QuerySolutions)
        columns = tuple(variable.value for variable in answer.variables)
        return Table(columns, tuple(tuple(solution) for solution in answer), isms_.label)
    except SyntaxError as error:
        raise bad_query(str(error), text, path, isms_.prefixes) from None
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"the query cannot be answered: {str(error)[:300]}.", path) from None


def _bind(isms_: Isms, parameter: Parameter, text: str) -> NamedNode | Literal:
    if parameter.type == "element":
        return resolve(isms_, text)
    if parameter.type == "string":
        return Literal(text)
    try:
        if parameter.type == "date":
            day = isms_.as_of if text == "as-of" else date.fromisoformat(text)
            return Literal(day.isoformat(), datatype=NamedNode(XSD + "date"))
        number = int(text)
    except ValueError:
        what = "a date such as 2026-11-23" if parameter.type == "date" else "a whole number"
        raise UsageError(f"the parameter {parameter.name} has to be {what}, not {text!r}.") from None
    if parameter.type == "integer":
        return Literal(number)
    if not 0 <= number <= 1200:
        raise UsageError(f"the parameter {parameter.name} is a number of months from 0 to 1200, not {number}.")
    return Literal(months_before(isms_.as_of, number).isoformat(), datatype=NamedNode(XSD + "date"))
