"""`isms fmt`: the graph and the comments stay, the layout settles at once."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Run
from hypothesis import given, settings
from hypothesis import strategies as st

import isms_graph.sources.layout as layout
from isms_graph.resources import ontology_files, shape_files
from isms_graph.sources.layout import laid_out
from isms_graph.sources.turtle import tokens

HEAD = "@prefix : <http://x.example/> .\n@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .\n"


def comments(text: str) -> list[str]:
    """The comments of a document in their order, found by the tokens around them."""
    found, end = [], 0
    for _, token, offset in [*tokens(text), ("", "", len(text))]:
        found += [item.strip() for item in re.findall(r"#[^\n]*", text[end:offset])]
        end = offset + len(token)
    return found


BLANKS = st.sampled_from([" ", "\n", "\r\n", "\t", '  # é <a> "b" ; .\n', "\n# own line\n", "#\n", "\n\n\n"])
GAPS = st.lists(BLANKS, min_size=1, max_size=3).map("".join)
OBJECTS = st.sampled_from(
    [
        *([":b"], ["<http://x.example/c#d>"], ["<http://x.example/e>"], ["1.5"], ["true"], ["_:n"], ["[", "]"], ["(", ")"]),
        *(['"#, ; ."', "@en"], ["'x'"], ["'''a\n  # no comment'''"], ['"2026-01-01"', "^^", "xsd:date"]),
        ["[", "a", ":T", ";", ":p", "(", "1", "[", ":q", "2", "]", ")", "]"],
    ]
)
SUBJECTS = st.sampled_from([[":s"], ["_:n"], ["<http://x.example/s>"], ["[", "]"], ["[", ":p", "3", "]"], ["(", "4", ")"]])


@st.composite
def documents(draw: st.DrawFn) -> str:
    words: list[str] = []
    for _ in range(draw(st.integers(0, 3))):
        words += [*draw(SUBJECTS), draw(st.sampled_from(["a", ":p"]))]
        words += [*draw(OBJECTS)] if words[-1] == ":p" else [":T"]
        for _ in range(draw(st.integers(0, 3))):
            words += draw(st.sampled_from([[";", ":p"], [";", ";", "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"]]))
            words += [":T"] if words[-1] != ":p" else [*draw(OBJECTS), ",", *draw(OBJECTS)]
        words.append(".")
    return HEAD + draw(GAPS) + "".join(word + ("" if word in ("^^",) else draw(GAPS)) for word in words)


@settings(max_examples=300, deadline=None)
@given(documents())
def test_comments_stay_in_order_and_the_layout_settles(text: str) -> None:
    once = laid_out(text)  # raises if the graph is another
    assert comments(once) == comments(text)
    assert laid_out(once) == once
    assert once.endswith("\n") and not once.endswith("\n\n")


@pytest.mark.parametrize("path", [*ontology_files(), *shape_files()], ids=lambda path: path.name)
def test_real_files_settle(path: Path) -> None:
    once = laid_out(path.read_text(encoding="utf-8"))
    assert laid_out(once) == once


def test_the_layout() -> None:
    text = (
        "\ufeffPREFIX :   <http://x.example/>\r\n@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>.\n\n\n# about s\n"
        "<http://x.example/s>   rdf:type :T  # kind\n  ; :p 1,2,\n3\n# inside\n ;:q 'x'@en,[ :r  ( ) ]. :t a :T."
    )
    assert laid_out(text) == (
        "@prefix : <http://x.example/> .\n@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .\n\n# about s\n"
        ':s a :T  # kind\n    ; :p 1 , 2 ,\n        3\n    # inside\n    ; :q "x"@en , [ :r () ] .\n:t a :T .\n'
    )


def test_a_changed_graph_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "_laid_out", lambda text: text.replace("1", "2"))
    with pytest.raises(RuntimeError, match="something else"):
        laid_out(HEAD + ":s :p 1 .\n")


def test_the_command(tmp_path: Path, isms_command: Callable[..., Run]) -> None:
    (tmp_path / "bad.ttl").write_text(HEAD + ":s :p .\n", encoding="utf-8")
    file, link = tmp_path / "a.ttl", tmp_path / "z.ttl"
    file.write_text(HEAD + ":s   :p 1.\n", encoding="utf-8")
    file.chmod(0o640)
    link.symlink_to(file)
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "b.ttl").write_text(":not  turtle", encoding="utf-8")
    (tmp_path / "c.ttl").mkdir()
    (tmp_path / "register.csv").write_text("a,  b\n", encoding="utf-8")
    run = isms_command("fmt", "--check", str(file))
    assert run.code == 1 and f"{file} would change" in run.out
    run = isms_command("fmt", "--diff", str(file))
    assert run.code == 0 and "+:s :p 1 .\n" in run.out
    assert ":s   :p" in file.read_text(encoding="utf-8")
    run = isms_command("fmt", str(tmp_path))
    assert run.code == 2 and "bad.ttl:3:" in run.err and ".hidden" not in run.err
    assert file.read_text(encoding="utf-8") == HEAD + ":s :p 1 .\n"
    assert link.is_symlink() and os.stat(file).st_mode & 0o777 == 0o640
    assert sorted(item.name for item in tmp_path.iterdir()) == [".hidden", "a.ttl", "bad.ttl", "c.ttl", "register.csv", "z.ttl"]
    assert isms_command("fmt", "--check", str(file)).code == 0


def test_a_file_that_is_not_turtle_is_refused_and_left_alone(isms_command: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "a.trig").write_text("<a> <b> <c> .")
    run = isms_command("fmt", tmp_path / "a.trig")
    assert (run.code, "is no Turtle file" in run.err) == (2, True)
