"""The assessment node: what a check run adds to the data so that shapes need no clock and no options.

The node holds the as-of date, the stage and the size band. Besides, each element with an interval, its own or the one
that is usual for its class and the size band, gets the date from which on a review, evidence or a measurement counts,
each risk the criteria by which it is judged, and each row of a register the columns that it alone leaves blank.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date

from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad, QuerySolutions

from isms_graph.errors import UnknownName
from isms_graph.graph import Isms
from isms_graph.index import Node
from isms_graph.namespaces import ASSESSMENT, ISMS, RDF_TYPE, RDFS_LABEL, XSD, isms, nearest
from isms_graph.sources.workspace import STAGES
from isms_graph.vocabulary import Vocabulary

_DATE = NamedNode(XSD + "date")
_JUDGED_BY = isms("judgedBy")
_BLANKS = """
SELECT ?blank ?column WHERE {
    {
        SELECT ?kind ?column WHERE {
            ?kind isms:hasColumn ?column .
            ?row a ?kind .
            OPTIONAL { ?row ?column ?value . BIND (?row AS ?full) }
            FILTER NOT EXISTS { ?row isms:externalOrigin true . FILTER NOT EXISTS { ?row a isms:SupplierAgreement } }
            FILTER NOT EXISTS { ?row isms:status ?state . FILTER (?state IN (isms:Draft, isms:Cancelled, isms:Withdrawn, isms:NotNeeded)) }
        } GROUP BY ?kind ?column
        HAVING (COUNT(DISTINCT ?full) >= 4 && COUNT(DISTINCT ?full) < COUNT(DISTINCT ?row) && (
            COUNT(DISTINCT ?row) = COUNT(DISTINCT ?full) + 1 || COUNT(DISTINCT ?row) * 9 <= COUNT(DISTINCT ?full) * 10))
    }
    ?blank a ?kind .
    FILTER NOT EXISTS { ?blank ?column [] }
    FILTER NOT EXISTS { ?blank isms:externalOrigin true . FILTER NOT EXISTS { ?blank a isms:SupplierAgreement } }
}
"""


def months_before(day: date, months: int) -> date:
    """The same day of the month so many months earlier, or the last day of that month; not before the year 1."""
    year, month = divmod(max(day.year * 12 + day.month - 1 - months, 12), 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def default_stage(isms_: Isms) -> tuple[str, str]:
    """The stage to check for when nobody said, and why: surveillance once there is a certificate, stage 2 before."""
    if isms_.stage:
        return isms_.stage, "set"
    for quad in isms_.store.quads_for_pattern(None, RDF_TYPE, isms("Certificate"), DefaultGraph()):
        for issued in isms_.values(quad.subject, isms("date")):
            if isinstance(issued, Literal) and issued.value <= isms_.as_of.isoformat():
                return "surveillance", f"there is a certificate of {issued.value}"
    return "stage2", "there is no certificate yet"


def headcount(isms_: Isms) -> int | None:
    """The headcount of the organisation, if its data say."""
    counts = [
        int(value.value)
        for quad in isms_.store.quads_for_pattern(None, isms("headcount"), None, DefaultGraph())
        if isinstance(value := quad.object, Literal)
    ]
    return max(counts, default=None)


def size_band(isms_: Isms) -> NamedNode:
    """The size band of the organisation; without a headcount that of a small one."""
    return band_of(isms_.vocabulary, headcount(isms_))


def band_of(vocabulary: Vocabulary, count: int | None) -> NamedNode:
    """The size band that a headcount falls into; that of a small organisation if it is not known."""
    for band in vocabulary.instances(isms("SizeBand")):
        low = int(vocabulary.text(band, isms("headcountFrom")))
        high = int(vocabulary.text(band, isms("headcountTo")))
        if count is not None and low <= count <= high:
            return band
    return isms("Small")


def assess(isms_: Isms, stage: str | None = None) -> str:
    """Put the assessment node into the store, in place of an earlier one; return the stage. Raises UnknownName."""
    chosen = stage or default_stage(isms_)[0]
    if chosen not in STAGES:
        raise UnknownName("stage", chosen, nearest(chosen, STAGES), f"Stages are {', '.join(STAGES)}.")
    store = isms_.store
    for subject, property_ in [(ASSESSMENT, None), *((None, computed) for computed in isms_.vocabulary.computed)]:
        for quad in list(store.quads_for_pattern(subject, property_, None, DefaultGraph())):
            store.remove(quad)

    stage_node = next(
        node for node in isms_.vocabulary.instances(isms("Stage")) if isms_.vocabulary.text(node, isms("stageName")) == chosen
    )
    band = size_band(isms_)
    store.extend(
        [
            Quad(ASSESSMENT, RDF_TYPE, isms("Assessment")),
            Quad(ASSESSMENT, RDFS_LABEL, Literal(f"the ISMS as of {isms_.as_of}")),
            Quad(ASSESSMENT, isms("asOf"), _date(isms_.as_of)),
            Quad(ASSESSMENT, isms("stage"), stage_node),
            Quad(ASSESSMENT, isms("sizeBand"), band),
        ]
    )
    store.extend(_limits(isms_, band))
    store.extend(_criteria(isms_))
    store.extend(_blanks(isms_))
    return chosen


def assessed(isms_: Isms) -> None:
    """Put the assessment node into the store if there is none yet."""
    if not any(True for _ in isms_.store.quads_for_pattern(ASSESSMENT, None, None, None)):
        assess(isms_)


def _limits(isms_: Isms, band: NamedNode) -> Iterator[Quad]:
    """The limits of all elements: from the usual interval of the nearest class, or from an interval of the element's own."""
    vocabulary, store = isms_.vocabulary, isms_.store
    months: dict[tuple[Node, NamedNode], int] = {}
    for class_, limit, interval in sorted(
        vocabulary.usual_intervals(band), key=lambda usual: len(vocabulary.superclasses.get(usual[0], ()))
    ):
        for quad in store.quads_for_pattern(None, RDF_TYPE, class_, DefaultGraph()):
            months[quad.subject, limit] = interval
    for limit in vocabulary.limits:
        for own in vocabulary.named(limit, isms("ownInterval")):
            grace = int(vocabulary.text(limit, isms("graceMonths")))
            for quad in store.quads_for_pattern(None, own, None, DefaultGraph()):
                if isinstance(quad.object, Literal):
                    months[quad.subject, limit] = int(quad.object.value) + grace
    for (node, limit), interval in months.items():
        yield Quad(node, limit, _date(months_before(isms_.as_of, interval)))


def _criteria(isms_: Isms) -> Iterator[Quad]:
    """The criteria in force that judge each risk: those of its latest assessment, else of the latest of all, else all."""
    in_force = {
        criteria
        for criteria in _instances(isms_, "RiskCriteria")
        if not {isms("Draft"), isms("Withdrawn")} & set(isms_.values(criteria, isms("status")))
    }
    used: dict[Node, tuple[str, set[Node]]] = {}
    for assessment in _instances(isms_, "RiskAssessment"):
        days = [day.value for name in ("endedOn", "date") for day in isms_.values(assessment, isms(name)) if isinstance(day, Literal)]
        criteria = in_force & set(isms_.values(assessment, isms("usesCriteria")))
        if criteria and days and min(days) <= isms_.as_of.isoformat():
            used[assessment] = min(days), criteria
    for risk in _instances(isms_, "Risk"):
        own = [used[one] for one in isms_.values(risk, isms("assessedIn")) if isinstance(one, NamedNode | BlankNode) and one in used]
        candidates = own or list(used.values())
        latest = max((day for day, _ in candidates), default="")
        chosen = {one for day, criteria in candidates if day == latest for one in criteria}
        for criteria_ in sorted(chosen or in_force, key=str):
            yield Quad(risk, _JUDGED_BY, criteria_)


def _blanks(isms_: Isms) -> Iterator[Quad]:
    """The columns that a row of a register leaves blank although nearly all of its register fill them."""
    found = isms_.store.query(_BLANKS, prefixes={"isms": ISMS})
    assert isinstance(found, QuerySolutions)
    for solution in found:
        yield Quad(solution["blank"], isms("lacksColumn"), solution["column"])


def _instances(isms_: Isms, class_: str) -> list[Node]:
    return [quad.subject for quad in isms_.store.quads_for_pattern(None, RDF_TYPE, isms(class_), DefaultGraph())]


def _date(day: date) -> Literal:
    return Literal(day.isoformat(), datatype=_DATE)
