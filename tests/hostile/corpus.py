"""Hostile queries: those of the TOML files beside this one, and large and oddly encoded ones that are made here.

`expected` is "refused" if a query must not run at all, "runs" if it may run and something other than its text has to
stop it or answer it. `forged` is true if it names an address that nobody may ask.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
REFUSED, RUNS = "refused", "runs"


class Hostile(NamedTuple):
    name: str
    text: str | bytes
    expected: str
    forged: bool


def corpus(canary: str = "http://127.0.0.1:9/") -> list[Hostile]:
    """All hostile queries, with an address to be watched in those that try to reach one."""
    found = [*_written(canary), *_large(), *_doubling(), *_encoded()]
    assert len({one.name for one in found}) == len(found)
    return found


def _written(canary: str) -> Iterator[Hostile]:
    for path in sorted(HERE.glob("*.toml")):
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        for name, text in data["texts"].items():
            yield Hostile(f"{path.stem}/{name}", text.replace("{canary}", canary), data["expected"], "{canary}" in text)


def _large() -> Iterator[Hostile]:
    def many(name: str, text: str, expected: str = REFUSED) -> Hostile:
        return Hostile(f"large/{name}", text, expected, forged=False)

    for name, opening, closing in (
        ("braces", "{", "}"),
        ("parentheses", "FILTER(" + "(", "))"),
        ("brackets", "?a ?b [", "]"),
        ("triple-terms", "<<", ">>"),
        ("annotations", "?a ?b ?c {| ?b ", "|}"),
        ("collections", "?a ?b (", ")"),
        ("calls", "FILTER STR(", ")"),
        ("exists", "FILTER EXISTS {", "}"),
        ("subselects", "{ SELECT * {", "}}"),
        ("optionals", "OPTIONAL {", "}"),
    ):
        yield many(f"open-{name}", "SELECT * {" + opening * 3000)
        yield many(f"closed-{name}", "SELECT * {" + closing * 3000)
        yield many(f"nested-{name}", "SELECT * {" + opening * 3000 + closing * 3000 + "}")
        yield many(f"nested-{name}-60", "SELECT * {" + opening * 60 + closing * 60 + "}")
    yield many("braces-only", "{" * 3000)
    yield many("braces-of-all-kinds", "SELECT * {" + "{([<<{|" * 600)
    for count, expected in ((90, RUNS), (150, REFUSED), (2000, REFUSED)):
        yield many(f"star-{count}", "SELECT * {" + "".join(f"?s isms:p{i} ?o{i} ." for i in range(count)) + "}", expected)
        yield many(f"star-of-objects-{count}", "SELECT * { ?s ?p " + ",".join(f"?o{i}" for i in range(count)) + "}", expected)
        yield many(f"star-of-predicates-{count}", "SELECT * { ?s " + ";".join(f"?p{i} ?o{i}" for i in range(count)) + "}", expected)
        yield many(f"cross-{count}", "SELECT * {" + "".join(f"?a{i} ?b{i} ?c{i} ." for i in range(count)) + "}", expected)
        yield many(f"line-{count}", "SELECT * {" + "".join(f"?a{i} ?p ?a{i + 1} ." for i in range(count)) + "}", expected)
        yield many(f"unions-{count}", "SELECT * { { ?a ?b ?c }" + " UNION { ?a ?b ?c }" * (count - 1) + "}", expected)
        yield many(f"optionals-{count}", "SELECT * { ?a ?b ?c" + " OPTIONAL { ?a ?p ?o }" * (count - 1) + "}", expected)
        yield many(f"minuses-{count}", "SELECT * { ?a ?b ?c" + " MINUS { ?a ?p ?o }" * (count - 1) + "}", expected)
        yield many(f"subselects-{count}", "SELECT * {" + "{ SELECT * { ?a ?b ?c } }" * min(count, 99) * (1 + count // 100) + "}", expected)
        yield many(f"sequence-{count}", "SELECT * { ?a " + "/".join(["isms:p"] * count) + " ?b }", expected)
        yield many(f"reifiers-{count}", "SELECT * { ?a ?b ?c " + "~ ?r" * (count - 1) + "}", expected)
        yield many(f"items-{2 * count}", "SELECT * { ?a ?b (" + " 1" * (count // 2) + ") }", expected if count != 150 else REFUSED)
    for count, expected in ((90, RUNS), (300, REFUSED), (3000, REFUSED)):
        yield many(f"alternatives-{count}", "SELECT * { ?a (" + "|".join(["isms:p"] * count) + ")* ?b }", expected)
        yield many(f"negated-{count}", "SELECT * { ?a !(" + "|".join(["^isms:p"] * count) + ") ?b }", expected)
        yield many(f"exclamations-{count}", "SELECT * { FILTER(" + "!" * count + "true) }", expected)
        yield many(f"values-blocks-{count}", "SELECT * {" + "".join(f"VALUES ?v{i} {{ 1 2 }}" for i in range(count)) + "}", expected)
        yield many(f"empty-groups-{count}", "SELECT * {" + "{}" * count + "}", expected)
    yield many("minus-signs", "SELECT * { FILTER(" + "- " * 3000 + "1) }")
    yield many("carets", "SELECT * { ?a " + "^" * 3000 + "isms:p ?b }")
    yield many("values", "SELECT * { VALUES ?v {" + " 1" * 9000 + "} }", RUNS)
    yield many("values-rows", "SELECT * { VALUES (?v ?w) {" + "(1 2)" * 2000 + "} }", RUNS)
    yield many("values-too-many", "SELECT * { VALUES ?v {" + " 1" * 15000 + "} }")
    yield many("values-texts", 'SELECT * { VALUES ?v { "' + "a" * 60_000 + '" } ?a ?b ?c . ?d ?e ?f }', RUNS)
    yield many("in-list", "SELECT * { ?s ?p ?o FILTER(?o IN (" + ",".join(["1"] * 4000) + ")) }", RUNS)
    yield many("in-list-too-long", "SELECT * { ?s ?p ?o FILTER(?o IN (" + ",".join(["1"] * 12000) + ")) }")
    yield many("or-chain", "SELECT * { ?s ?p ?o FILTER(" + "||".join(["?o = 1"] * 2000) + ") }", RUNS)
    yield many("sum-chain", "SELECT (" + " + ".join(["1"] * 4000) + " AS ?x) { }", RUNS)
    yield many("binds", "SELECT * {" + "".join(f"BIND({i} AS ?x{i})" for i in range(1000)) + "}", RUNS)
    yield many("filters", "SELECT * { ?s ?p ?o" + " FILTER(?o)" * 2000 + "}", RUNS)
    yield many("filters-exists", "SELECT * { ?s ?p ?o" + " FILTER EXISTS { ?o ?q ?r }" * 90 + "}", RUNS)
    yield many("order-keys", "SELECT * { ?s ?p ?o } ORDER BY" + " ?s ?p ?o" * 2000, RUNS)
    yield many("projections", "SELECT" + "".join(f"(1 AS ?x{i})" for i in range(1500)) + "{ }", RUNS)
    yield many("prefixes", "".join(f"PREFIX p{i}: <a:a>\n" for i in range(2500)) + "ASK { }", RUNS)
    yield many("comment", "ASK { } #" + "a" * 60_000, RUNS)
    yield many("too-large", "ASK { } #" + "a" * 64_000)
    yield many("too-large-in-bytes", "ASK { } #" + "ä" * 32_000)
    yield many("megabytes", "ASK { ?s ?p '" + "a" * 5_000_000 + "' }")
    yield many("service-names", "SELECT * { ?s ?p ?o . " + "service#" * 7000 + "}")
    yield many("service-words", "SELECT * { " + "service " * 7000 + "}")
    yield many("service-lines", "SELECT * { } " + "#service\n" * 7000)
    yield many("variable-long", "SELECT * { ?" + "a" * 60_000 + " ?p ?o }", RUNS)
    yield many("regex-long", 'SELECT * { ?s ?p ?o FILTER(REGEX(STR(?o), "' + "(a?)" * 10_000 + '")) }', RUNS)


def _doubling() -> Iterator[Hostile]:
    """Texts that double with each step, in several ways to say so."""
    for steps in (20, 30, 60):
        chain = "".join(f"BIND(CONCAT(?x{i}, ?x{i}) AS ?x{i + 1})" for i in range(steps))
        yield Hostile(f"doubling/concat-{steps}", f'SELECT (STRLEN(?x{steps}) AS ?n) {{ BIND("ab" AS ?x0) {chain} }}', RUNS, forged=False)
        chain = "".join(f'BIND(REPLACE(?x{i}, "(.)", "$1$1") AS ?x{i + 1})' for i in range(steps))
        yield Hostile(f"doubling/replace-{steps}", f'SELECT * {{ BIND("ab" AS ?x0) {chain} }}', RUNS, forged=False)
        chain = "".join(f"{{ SELECT (GROUP_CONCAT(?x{i}) AS ?x{i + 1}) {{ VALUES ?y {{ 1 2 }} " for i in range(min(steps, 20)))
        text = f'SELECT * {{ {chain} BIND("ab" AS ?x0) {"} }" * min(steps, 20)} }}'
        yield Hostile(f"doubling/group-concat-{steps}", text, RUNS, forged=False)
        chain = "".join(f"BIND(ENCODE_FOR_URI(?x{i}) AS ?x{i + 1})" for i in range(steps))
        yield Hostile(f"doubling/encode-{steps}", f'SELECT * {{ BIND("%ä" AS ?x0) {chain} }}', RUNS, forged=False)
        values = "".join(f"VALUES ?v{i} {{ 1 2 }}" for i in range(steps))
        yield Hostile(f"doubling/values-{steps}", f"SELECT * {{ {values} }}", RUNS, forged=False)
        unions = "{ { } UNION { } }" * steps
        yield Hostile(f"doubling/unions-{steps}", f"SELECT (COUNT(*) AS ?n) {{ {unions} }}", RUNS, forged=False)


def _encoded() -> Iterator[Hostile]:
    plain = "SELECT * { ?s ?p ?o }"
    texts = {
        "byte-order-mark": "\ufeff" + plain,
        "byte-order-mark-inside": "SELECT * {\ufeff ?s ?p ?o }",
        "nul": "SELECT * { ?s ?p ?o }\0",
        "nul-in-a-string": 'SELECT * { ?s ?p "a\0b" }',
        "nul-in-a-comment": plain + "# \0",
        "surrogate": 'SELECT * { ?s ?p "\ud800" }',
        "surrogate-in-a-comment": plain + "# \udfff",
        "right-to-left": "SELECT * { \u202e ?s ?p ?o }",
        "right-to-left-mark": "SELECT * { ?s \u200f ?p ?o }",
        "no-break-space": "SELECT\u00a0* { ?s ?p ?o }",
        "zero-width-space": "SELECT * { ?s\u200b ?p ?o }",
        "word-joiner": "SEL\u2060ECT * { ?s ?p ?o }",
        "line-separator": "SELECT * {\u2028 ?s ?p ?o }",
        "next-line": "SELECT * {\u0085 ?s ?p ?o }",
        "form-feed": "SELECT * {\f ?s ?p ?o }",
        "vertical-tab": "SELECT\v* { ?s ?p ?o }",
        "escape-sign": "SELECT * { \x1b[31m ?s ?p ?o }",
        "delete-sign": "SELECT * { \x7f ?s ?p ?o }",
        "full-width-letters": "ＳＥＬＥＣＴ * { ?s ?p ?o }",
        "full-width-brackets": "SELECT * ｛ ?s ?p ?o ｝",
        "cyrillic-letter": "SELEСT * { ?s ?p ?o }",
        "long-s": "SELECT * { ſervice <a:a> { } }",
        "dotted-i": "SELECT * { SERVİCE <a:a> { } }",
        "kelvin": "AS\u212a { }",
        "combining-sign": "SELECT * { ?s ?p ?o \u0301 }",
        "typographic-quotes": "SELECT * { ?s ?p “a” }",
        "emoji": "SELECT * { ?s ?p 🙂 }",
        "percent-encoded": "%53ELECT * { ?s ?p ?o }",
        "noncharacter": "SELECT * { \uffff ?s ?p ?o }",
        "bracket-of-private-use": "SELECT * { \ue000 ?s ?p ?o }",
    }
    for name, text in texts.items():
        yield Hostile(f"encoded/{name}", text, REFUSED, forged=False)
    allowed = {
        "right-to-left-in-a-string": 'SELECT * { ?s ?p "\u202eabc" }',
        "right-to-left-in-a-comment": plain + " # \u202e } {",
        "emoji-in-a-string": 'SELECT * { ?s ?p "🙂" }',
        "names-of-other-scripts": "SELECT * { ?größe isms:名前 ?वस्तु . ?größe ?p ?๑ }",
        "return-as-line-end": "SELECT * { ?s ?p ?o # comment\r}",
        "unicode-in-an-iri": "SELECT * { <https://example.org/größe> ?p ?o }",
        "escapes-in-a-string": 'SELECT * { ?s ?p "\\u0041\\U0001F642\\n\\"" }',
    }
    for name, text in allowed.items():
        yield Hostile(f"encoded/{name}", text, RUNS, forged=False)
    raw = {
        "latin-1": 'SELECT * { ?s ?p "größe" }'.encode("latin-1"),
        "utf-16": plain.encode("utf-16"),
        "utf-16-without-mark": plain.encode("utf-16-le"),
        "utf-32": plain.encode("utf-32"),
        "overlong-brace": b"SELECT * \xc1\xbb ?s ?p ?o }",
        "overlong-nul": b'SELECT * { ?s ?p "\xc0\x80" }',
        "overlong-letter": b"SELECT * { \xc1\x93ERVICE <a:a> { } }",
        "overlong-in-three": b"SELECT * { \xe0\x81\x93ERVICE <a:a> { } }",
        "surrogate-bytes": b'SELECT * { ?s ?p "\xed\xa0\x80" }',
        "above-unicode": b'SELECT * { ?s ?p "\xf4\x90\x80\x80" }',
        "half-character": b'SELECT * { ?s ?p "\xc3" }',
        "lonely-continuation": b"SELECT * { \x80 ?s ?p ?o }",
        "fe-ff": b"\xfe\xff" + plain.encode(),
        "utf-8-mark": b"\xef\xbb\xbf" + plain.encode(),
        "gzip": bytes.fromhex("1f8b0800000000000003") + plain.encode(),
        "utf-7": b"SELECT * +AHs- ?s ?p ?o +AH0-",
    }
    for name, data in raw.items():
        yield Hostile(f"bytes/{name}", data, REFUSED, forged=False)
