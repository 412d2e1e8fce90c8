"""Positions of statements: against the strict parser for what is said, and against the text for where it stands."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, RdfFormat, parse

from isms_graph.index import Object
from isms_graph.resources import folder, ontology_files, shape_files
from isms_graph.sources.turtle import literal, statements

FILES = [*ontology_files(), *shape_files(), folder("shapes") / "examples" / "base.ttl"]


def key(term: Object) -> str:
    return literal(term.value, term.datatype.value, term.language or "") if isinstance(term, Literal) else str(term)


def said(text: str, format_: RdfFormat = RdfFormat.TURTLE) -> set[tuple[str, str, str]]:
    """What the strict parser reads, statements with blank nodes left out."""
    return {
        (str(quad.subject), str(quad.predicate), key(quad.object))
        for quad in parse(text, format=format_, base_iri="http://base.example/")
        if isinstance(quad.subject, NamedNode) and isinstance(quad.object, (NamedNode, Literal))
    }


def placed(text: str) -> set[tuple[str, str, str]]:
    return {
        (item.subject, item.predicate, item.object)
        for item in statements(text, "http://base.example/")
        if not item.subject.startswith("_:") and not item.object.startswith("_:")
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_real_files_are_read_like_the_strict_parser_reads_them(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert placed(text) == said(text)


NAMES = st.sampled_from(["a", "b", "R-1", "soa-A.5.1", "x.y", "ünï", "_u", "12"])
TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
NASTY = st.sampled_from(['"', "'", "\\", "\n", ";", ".", "#", "[", "]", "(", "{", '""', "'''", "<a>", "@en", "é\n\n"])


@st.composite
def objects(draw: st.DrawFn) -> tuple[str, str]:
    """An object as written, and as a key."""
    kind = draw(st.sampled_from(["iri", "name", "short", "long", "typed", "lang", "integer", "decimal", "boolean"]))
    content = "".join(draw(st.lists(st.one_of(TEXTS, NASTY), max_size=4)))
    escaped = content.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    name = draw(NAMES)
    if kind == "iri":
        return "<http://x.example/%41b>", "<http://x.example/%41b>"
    if kind == "name":
        return f":{name}", f"<http://n.example/{name}>"
    if kind == "short":
        return f'"{escaped}"', literal(content)
    if kind == "long":
        return '"""' + content.replace("\\", "\\\\").replace('"', '\\"') + '"""', literal(content)
    if kind == "typed":
        return f'"{escaped}"^^:{name}', literal(content, f"http://n.example/{name}")
    if kind == "lang":
        return f'"{escaped}"@en-GB', literal(content, language="en-gb")
    number = {"integer": "-12", "decimal": "3.5", "boolean": "true"}[kind]
    return number, literal(number, f"http://www.w3.org/2001/XMLSchema#{kind}")


@settings(max_examples=int(os.environ.get("FUZZ", "100")), deadline=None)
@given(
    st.lists(st.tuples(NAMES, st.lists(st.tuples(NAMES, st.lists(objects(), min_size=1, max_size=3)), min_size=1, max_size=3)), max_size=5),
    st.data(),
)
def test_generated_documents(document: list[tuple[str, list[tuple[str, list[tuple[str, str]]]]]], data: st.DataObject) -> None:
    """Every statement is found where its object was written, also inside and behind property lists and comments."""
    gaps = st.sampled_from([" ", "\n", "\n\n  ", "\t", " # a ; remark . [\n", "\r\n"])

    def gap() -> str:
        return data.draw(gaps)

    text = "@prefix : <http://n.example/> ." + gap()
    expected: list[tuple[str, str, str, int, int]] = []
    for subject, properties in document:
        text += f":{subject}{gap()}"
        for number, (predicate, values) in enumerate(properties):
            text += f"{gap()};{gap()}" if number else ""
            text += f":{predicate}{gap()}"
            for position, (written, as_key) in enumerate(values):
                text += f"{gap()},{gap()}" if position else ""
                text += ""
                line = text.count("\n") + 1
                column = len(text) - (text.rfind("\n") + 1) + 1
                expected.append((f"<http://n.example/{subject}>", f"<http://n.example/{predicate}>", as_key, line, column))
                text += written
        text += f"{gap()};{gap()}:list{gap()}[{gap()}:inner{gap()}:value{gap()};{gap()}:more ( :one [ :deep 1 ] ){gap()}]{gap()}.{gap()}"
    found = [(item.subject, item.predicate, item.object, item.line, item.column) for item in statements(text)]
    assert [item for item in found if not item[0].startswith("_:") and not item[2].startswith("_:")] == expected
    assert placed(text) == said(text)


def test_positions_inside_blank_nodes_and_graphs() -> None:
    text = '@prefix : <http://n/> .\nGRAPH :g {\n  :a :b [ :c\n    "x" ] .\n}\n:d :e :f .\n'
    found = {(item.predicate, item.object): (item.line, item.column) for item in statements(text)}
    assert found["<http://n/c>", '"x"'] == (4, 5)
    assert found["<http://n/e>", "<http://n/f>"] == (6, 7)


def test_the_subject_is_placed_too() -> None:
    (item,) = statements("@prefix : <http://n/> .\n\n  :a\n :b :c .")
    assert (item.subject_line, item.subject_column) == (3, 3)


def test_what_it_does_not_know_it_passes_over() -> None:
    text = "@prefix : <http://n/> . << :a :b :c >> :d :e . :f :g :h ."
    assert ("<http://n/f>", "<http://n/g>", "<http://n/h>") in placed(text)


def test_base_and_sparql_style_prefixes() -> None:
    text = "BASE <http://base.example/dir/>\nPREFIX e: <http://e/>\n<x> e:p <../y> ; a e:C ."
    assert placed(text) == said(text)
