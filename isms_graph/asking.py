"""A query of one's own at an endpoint, as it is; and what in it an endpoint that does not reason may not have."""

from __future__ import annotations

from isms_graph.endpoint import Endpoint, Rows
from isms_graph.errors import InputError
from isms_graph.namespaces import ISMS, SPARQL_PREFIXES, isms, local_name
from isms_graph.shacl.sparql import NotUnderstood, tokens
from isms_graph.vocabulary import ELEMENT, load_vocabulary

_ASSESSED = ("asOf", "stage", "sizeBand", "expects")


def ask_there(endpoint: Endpoint, text: str) -> tuple[list[str], Rows]:
    """The columns and rows of a query at the endpoint; three columns of statements for CONSTRUCT and DESCRIBE.

    The known prefixes need no declaration. Raises EndpointError, or InputError if it is no query.
    """
    form = _form(text)
    query = SPARQL_PREFIXES + text
    if form == "ASK":
        from pyoxigraph import Literal

        return ["answer"], [(Literal(endpoint.ask(query)),)]
    if form == "SELECT":
        return endpoint.table(query)
    return [], [tuple(triple) for triple in endpoint.construct(query)]


def only_inferred(text: str) -> list[str]:
    """The terms of the ontology in a query that mostly follow from other statements, by their short names."""
    vocabulary = load_vocabulary()
    implied = {one.property for found in vocabulary.consequences.values() for one in found}
    implied |= {result for result, _, _ in vocabulary.chains}
    above = {
        other for class_ in vocabulary.classes for other in vocabulary.classes if class_ != other and vocabulary.is_kind_of(class_, other)
    }
    named = {local_name(word.partition(":")[2] or word.strip("<>")) for word in _words(text) if word.startswith(("isms:", f"<{ISMS}"))}
    return sorted(
        f"isms:{name}" for name in named if isms(name) in implied | above | {ELEMENT} or name in _ASSESSED or name.endswith("Limit")
    )


def _form(text: str) -> str:
    for word in _words(text):
        if word.upper() in ("SELECT", "ASK", "CONSTRUCT", "DESCRIBE"):
            return word.upper()
    raise InputError("this is no SPARQL query: neither SELECT, ASK, CONSTRUCT nor DESCRIBE is in it.")


def _words(text: str) -> list[str]:
    try:
        return [token.text for token in tokens(text)]
    except NotUnderstood:
        return text.split()
