"""Which format an answer is written in: what the URL says (format=...), else what the header Accept prefers.

Media types count with their q, the most specific range first; parameters other than q do not count. Of formats that are
liked equally, one that is written out comes before one that only a wildcard admits, then comes the order here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from .problems import Problem


@dataclass(frozen=True)
class Format:
    """A format of answers."""

    name: str  # in format=...
    media_type: str  # what the Content-Type says
    engine: str  # pyoxigraph's name: of a QueryResultsFormat for SELECT and ASK, of an RdfFormat for graphs
    iri: str  # among the W3C's unique URIs for file formats


W3C = "http://www.w3.org/ns/formats/"
JSON = Format("json", "application/sparql-results+json", "JSON", W3C + "SPARQL_Results_JSON")
XML = Format("xml", "application/sparql-results+xml", "XML", W3C + "SPARQL_Results_XML")
CSV = Format("csv", "text/csv; charset=utf-8", "CSV", W3C + "SPARQL_Results_CSV")
TSV = Format("tsv", "text/tab-separated-values; charset=utf-8", "TSV", W3C + "SPARQL_Results_TSV")
TURTLE = Format("turtle", "text/turtle", "TURTLE", W3C + "Turtle")
NTRIPLES = Format("ntriples", "application/n-triples", "N_TRIPLES", W3C + "N-Triples")
JSONLD = Format("jsonld", "application/ld+json", "JSON_LD", W3C + "JSON-LD")
RDFXML = Format("rdfxml", "application/rdf+xml", "RDF_XML", W3C + "RDF_XML")

# By form of query. The first one is for those who do not say; CSV and TSV are not defined for ASK.
_GRAPHS = (TURTLE, NTRIPLES, JSONLD, RDFXML)
FORMATS = {"SELECT": (JSON, XML, CSV, TSV), "ASK": (JSON, XML), "CONSTRUCT": _GRAPHS, "DESCRIBE": _GRAPHS}

# Other names of a format count only where they are written out, and the answer then bears the name that was asked for.
# text/plain is the old name of N-Triples; for rows it stands for nothing, as CSV would lose what is an IRI and what a text.
_OTHER_NAMES = ((JSON, "application/json"), (NTRIPLES, "text/plain"))
_BROWSER = "text/html"  # stands for the first format, under its own name

_Q = re.compile(r"[01](?:\.[0-9]*)?|\.[0-9]+")  # .2, which is not in the standard, is what Java sends


def choose(accept: str | None, format: str | None, form: str) -> Format:
    """The format for a query of a form (a key of FORMATS); format=... goes before Accept. Raises Problem 400 or 406."""
    offered = FORMATS[form]
    if format is not None:
        return _named(format, form)
    if accept is None or not accept.strip():
        return offered[0]
    liked = _ranges(accept)
    best, best_rank = None, (0.0, 0)
    for media_type, candidate, wildcards in _candidates(offered):
        quality, specific = _rank(media_type, liked, wildcards)
        if quality > 0 and (quality, specific) > best_rank:
            best, best_rank = candidate, (quality, specific)
    if best is None:
        raise Problem(406, f"No format of the answer to {_a(form)} query is one that the header Accept admits.", _there_is(form))
    return best


def _named(name: str, form: str) -> Format:
    for candidate in FORMATS[form]:
        if candidate.name == name.lower():
            return candidate
    raise Problem(400, f"The answer to {_a(form)} query has no format named {name[:40]!a}.", _there_is(form))


def _candidates(offered: tuple[Format, ...]) -> list[tuple[str, Format, bool]]:
    """Media types, with what they get and whether wildcards admit them, in the order of preference."""
    own = [(one.media_type.partition(";")[0], one, True) for one in offered]
    other = [(name, replace(one, media_type=name), False) for one, name in _OTHER_NAMES if one in offered]
    return [*own, *other, (_BROWSER, offered[0], False)]


def _rank(media_type: str, liked: dict[str, float], wildcards: bool) -> tuple[float, int]:
    """How much a media type is liked, and how specific the range is that says so."""
    ranges = [media_type, media_type.partition("/")[0] + "/*", "*/*"] if wildcards else [media_type]
    for place, name in enumerate(ranges):
        if name in liked:
            return liked[name], 3 - place
    return 0.0, 0


def _ranges(accept: str) -> dict[str, float]:
    """The ranges of an Accept header with their q, the highest if one comes twice. What cannot be read is passed over.

    Commas and semicolons in quoted parameters separate as well: no media type here has such parameters.
    """
    found: dict[str, float] = {}
    for element in accept.lower().split(","):
        name, *parameters = (part.strip() for part in element.split(";"))
        written = next((value.strip() for key, _, value in (p.partition("=") for p in parameters) if key.strip() == "q"), "1")
        if _Q.fullmatch(written):
            name = "*/*" if name == "*" else name
            found[name] = max(found.get(name, 0.0), min(float(written), 1.0))
    return found


def _there_is(form: str) -> str:
    """The formats for a form of query."""
    there = ", ".join(f"{one.media_type.partition(';')[0]} (format={one.name})" for one in FORMATS[form])
    return f"There is {there}."


def _a(form: str) -> str:
    return f"an {form}" if form[0] in "AEIOU" else f"a {form}"
