"""What a check, query, class, property, clause or value means: looked up by any name that people use for it."""

from __future__ import annotations

from dataclasses import dataclass, field

from pyoxigraph import NamedNode

from isms_graph.catalogue import Check, load_catalogue
from isms_graph.errors import UnknownName
from isms_graph.examples import BASE, Example, examples_of
from isms_graph.namespaces import ISMS, ISO27001, PREFIXES, RDF_TYPE, RDFS, isms, local_name, nearest, shorten
from isms_graph.queries import Question, questions
from isms_graph.shacl.spared import spared
from isms_graph.vocabulary import Vocabulary, load_vocabulary

KINDS = ("checks", "queries", "classes", "properties", "clauses")
_DOMAIN = NamedNode(RDFS + "domain")


@dataclass(frozen=True)
class ExplainedExample:
    """An example of a check: what it shows, how it differs from a complete ISMS, and what is found in it."""

    passing: bool
    shows: str
    taken_away: tuple[str, ...]
    added: tuple[str, ...]
    messages: tuple[str, ...]


@dataclass(frozen=True)
class Explanation:
    """`kind` says what was found; `facts` are (heading, text) in the order to be read.

    `number` is the clause or control that it is about or, for a check, is raised against; empty for all else.
    """

    name: str
    title: str
    kind: str
    facts: tuple[tuple[str, str], ...]
    examples: tuple[ExplainedExample, ...] = ()
    listing: tuple[tuple[str, str], ...] = field(default=())
    number: str = ""


def explain(name: str) -> Explanation:
    """Explain a check, query, or term of the ontology. Raises UnknownName with the nearest names."""
    catalogue, known = load_catalogue(), questions()
    if name in catalogue.checks:
        return _check(catalogue.checks[name])
    if name in known:
        return _query(known[name])
    vocabulary = load_vocabulary()
    term = _term(name, vocabulary)
    if term is None:
        names = [*catalogue.checks, *known, *(shorten(term.value, PREFIXES) for term in vocabulary.terms)]
        labels = {vocabulary.label(term) for term in vocabulary.terms}
        raise UnknownName("check, query or term", name, nearest(name, [*names, *labels]), "`isms explain --list` lists them.")
    return _described(term, vocabulary, catalogue.checks)


def listing(kind: str) -> list[tuple[str, str]]:
    """What can be explained, of one kind: (name, title)."""
    if kind == "checks":
        return [(one.id, f"{one.clause}, {one.severity}: {one.label}") for one in load_catalogue().checks.values()]
    if kind == "queries":
        return [(one.name, one.question) for one in questions().values()]
    vocabulary = load_vocabulary()
    if kind == "classes":
        terms = list(vocabulary.classes)
    elif kind == "properties":
        terms = [term for term in vocabulary.object_properties | vocabulary.datatype_properties if term.value.startswith(ISMS)]
    elif kind == "clauses":
        terms = [*vocabulary.instances(isms("Clause")), *vocabulary.instances(isms("AnnexAControl"))]
        return [(vocabulary.text(term, isms("number")), vocabulary.label(term).partition(" ")[2]) for term in terms]
    else:
        raise UnknownName("kind of thing to list", kind, nearest(kind, KINDS), f"Kinds are {', '.join(KINDS)}.")
    return sorted((shorten(term.value, PREFIXES), vocabulary.definition(term)) for term in terms)


def _term(name: str, vocabulary: Vocabulary) -> NamedNode | None:
    prefix, _, local = name.partition(":")
    candidates = [PREFIXES.get(prefix, "") + local, ISMS + name, ISO27001 + name, name]
    for candidate in candidates:
        for term in vocabulary.terms:
            if term.value == candidate:
                return term
    wanted = name.casefold()
    matching = sorted(
        (term for term in vocabulary.terms if wanted in (vocabulary.label(term).casefold(), local_name(term.value).casefold())),
        key=lambda term: (term not in vocabulary.classes, term.value),
    )
    return matching[0] if matching else None


def _check(check: Check) -> Explanation:
    vocabulary = load_vocabulary()

    def clause(number: str) -> str:
        return vocabulary.label(NamedNode(ISO27001 + number)) or number

    words = {"major": "major nonconformity", "minor": "minor nonconformity", "ofi": "opportunity for improvement"}
    facts = [
        ("Raised against", clause(check.clause)),
        ("Severity", words[check.severity]),
        ("Why an auditor looks", check.rationale),
        ("How it is decided", check.how_decided),
        *_left_alone(check, vocabulary),
        ("What to do", check.advice),
        ("Not checked", check.not_checked),
    ]
    if check.also_clauses:
        facts.insert(1, ("Compares with", "; ".join(clause(number) for number in check.also_clauses)))
    return Explanation(
        check.id, check.label, "check", tuple(facts), tuple(_example(one) for one in examples_of(check.id)), number=check.clause
    )


def _left_alone(check: Check, vocabulary: Vocabulary) -> list[tuple[str, str]]:
    """The statuses with which nothing is reported, as the query of the check has them."""
    names = [vocabulary.label(one) for one in vocabulary.instances(isms("Status")) if one in spared(load_catalogue().shapes, check.iri)]
    if not names:
        return []
    listed = " or ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)
    return [("Left alone", f"What has the status {listed}.")]


def _example(example: Example) -> ExplainedExample:
    from isms_graph.checks import check
    from isms_graph.waivers import is_about_waivers

    isms_ = example.isms()
    # What a waiver covers is seen only where the other checks run, too.
    catalogue = load_catalogue() if is_about_waivers(example.check) else load_catalogue().select([example.check])
    report = check(isms_, example.stage, catalogue=catalogue)
    names = {**PREFIXES, "": BASE}

    def written(subject: object, predicate: object, object_: object) -> str:
        parts = []
        for term in (subject, predicate, object_):
            if isinstance(term, NamedNode):
                parts.append("a" if term == RDF_TYPE else shorten(term.value, names))
            else:
                value = getattr(term, "value", term)
                parts.append(f'"{value}"')
        return " ".join(parts)

    taken = [written(quad.subject, quad.predicate, quad.object) for quad in example.removed()]
    added = [written(quad.subject, quad.predicate, quad.object) for quad in example.quads]
    return ExplainedExample(
        passing=example.passing,
        shows=example.shows,
        taken_away=tuple(taken),
        added=tuple(added),
        messages=tuple(finding.message for finding in report.open),
    )


def _query(question: Question) -> Explanation:
    facts = [("Question", question.question), ("Asked by", question.audience)]
    for parameter in question.parameters:
        default = f" (default {parameter.default})" if parameter.default is not None else ""
        facts.append((f"--param {parameter.name}=...", f"{parameter.type}{default}: {parameter.description}"))
    facts += [(f"Column {name}", description) for name, description in question.columns]
    facts.append(("SPARQL", "\n".join(line for line in question.text.splitlines() if not line.startswith("#+"))))
    return Explanation(question.name, question.question, "query", tuple(facts))


def _described(term: NamedNode, vocabulary: Vocabulary, checks: dict[str, Check]) -> Explanation:
    facts = [("Meaning", vocabulary.definition(term))]
    short, number = shorten(term.value, PREFIXES), vocabulary.text(term, isms("number"))
    listing_: list[tuple[str, str]] = []
    if term in vocabulary.classes:
        kind = "class"
        above = vocabulary.superclasses.get(term, frozenset())
        own = sorted((one for one in above if one.value.startswith(ISMS)), key=lambda one: len(vocabulary.superclasses.get(one, ())))
        if own:
            facts.append(("Kind of", ", ".join(vocabulary.label(one) for one in reversed(own))))
        advice = vocabulary.inherited(term, isms("whenAffected"))
        if advice is not None:
            facts.append(("When a change reaches it", getattr(advice, "value", "")))
        clause = vocabulary.inherited(term, isms("mainClause"))
        if isinstance(clause, NamedNode):
            facts.append(("Kept under", vocabulary.label(clause)))
        listing_ = [
            (shorten(property_.value, PREFIXES), vocabulary.definition(property_))
            for property_ in sorted(
                vocabulary.object_properties | vocabulary.datatype_properties,
                key=lambda one: (term not in vocabulary.named(one, _DOMAIN), one.value),
            )
            if set(vocabulary.named(property_, _DOMAIN)) & {term, *above} and property_.value.startswith(ISMS)
        ]
    elif term in vocabulary.object_properties or term in vocabulary.datatype_properties:
        kind = "property"
        for heading, nodes in (("Of", vocabulary.named(term, _DOMAIN)), ("Value", [vocabulary.range(term)])):
            names = [f"{vocabulary.label(node) or shorten(node.value, PREFIXES)}" for node in nodes if node is not None]
            if names:
                facts.append((heading, ", ".join(names)))
    else:
        types = [vocabulary.label(one) for one in vocabulary.named(term, RDF_TYPE)]
        kind = types[0] if types else "term"
        for name in ("phase", "pdcaStep", "verb", "theme"):
            values = vocabulary.named(term, isms(name))
            if values:
                facts.append((_upper(vocabulary.label(isms(name))), ", ".join(vocabulary.label(value) for value in values)))
        documents = [
            vocabulary.label(one)
            for one in vocabulary.instances(isms("DocumentedInformationRequirement"))
            if term in vocabulary.objects(one, isms("ofClause"))
        ]
        if documents:
            facts.append(("Documented information", "; ".join(documents)))
        listing_ = [
            (one.id, one.label) for one in checks.values() if number and (one.clause == number or one.clause.startswith(f"{number}."))
        ]
    for example in vocabulary.texts(term, NamedNode(PREFIXES["skos"] + "example")):
        facts.append(("For example", example))
    return Explanation(short, vocabulary.label(term), kind, tuple(facts), (), tuple(listing_), number)


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
