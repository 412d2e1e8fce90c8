"""The answer to "what does this change affect" as Mermaid and as Graphviz DOT. Ids are numbers, never taken from the data."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from string import punctuation

from isms_graph.edges import STRENGTHS
from isms_graph.graph import Isms
from isms_graph.impacts import Impact
from isms_graph.render.impact_groups import FAR, Picture, clean, distance, name_of, picture, reading
from isms_graph.render.svg_text import wrap

MOST_NODES = 60  # that Mermaid still draws so that somebody can read them
_NODE = 200.0  # how wide the text in a node of Graphviz is
_PLAIN = " ,-/()'"  # in a Mermaid label
_ARROWS = {"strong": "==>", "moderate": "-->", "weak": "-.->"}
_PENS = {"strong": "penwidth=1.8", "moderate": "penwidth=0.9", "weak": 'style=dashed color="#7a8591" fontcolor="#5b6773"'}


@dataclass(frozen=True)
class _Node:
    id: str
    hops: int
    kind: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class _Arrow:
    start: str
    end: str
    text: str
    strength: str


def mermaid(answer: Impact, isms_: Isms) -> str:
    """The answer as a Mermaid flowchart: an element each, or with more than MOST_NODES a group each."""
    drawn = picture(answer, isms_)
    nodes, arrows = _elements(answer, isms_) if len(answer.affected) <= MOST_NODES else _groups(drawn)
    lines = ["---", f"title: {_yaml(drawn.title)}", "---", "flowchart LR"]
    for hops, members in groupby(nodes, key=lambda one: one.hops):
        lines.append(f'    subgraph s{hops}["{_mermaid(_distance(hops))}"]')
        for one in members:
            small = "".join(f"<br/><small>{_mermaid(text)}</small>" for text in one.lines[1:])
            lines.append(f'        {one.id}["<small>{_mermaid(one.kind)}</small><br/>{_mermaid(one.lines[0])}{small}"]')
        lines.append("    end")
    if not answer.affected:
        lines.append(f'    none["{_mermaid(_NOTHING)}"]')
    lines += [f'    {one.start} {_ARROWS[one.strength]}|"{_mermaid(one.text)}"| {one.end}' for one in arrows]
    weak = [str(number) for number, one in enumerate(arrows) if one.strength == "weak"]
    if weak:
        lines.append(f"    linkStyle {','.join(weak)} stroke:#7a8591,color:#5b6773")
    lines.append("    classDef origin fill:#fdf0e6,stroke:#b35900,stroke-width:3px")
    lines.append(f"    class {','.join(one.id for one in nodes if not one.hops)} origin")
    return "\n".join(lines) + "\n"


def dot(answer: Impact, isms_: Isms) -> str:
    """The answer as a Graphviz graph: an element each, a cluster for each distance."""
    drawn = picture(answer, isms_)
    nodes, arrows = _elements(answer, isms_)
    lines = [
        "digraph impact {",
        f'    graph [rankdir=LR labelloc=t fontname="Helvetica" label={_quoted(drawn.title, drawn.subtitle)}]',
        '    node [shape=box style="rounded,filled" fillcolor=white fontname="Helvetica" fontsize=10]',
        '    edge [fontname="Helvetica" fontsize=8]',
    ]
    for hops, members in groupby(nodes, key=lambda one: one.hops):
        lines += [f"    subgraph cluster_{hops} {{", f'        label={_quoted(_distance(hops))} style=filled color="#eef2f6"']
        look = "" if hops else ' fillcolor="#fdf0e6" color="#b35900" penwidth=2'
        for one in members:
            wrapped = [line for text in one.lines for line in wrap(text, _NODE, 10)]
            lines.append(f"        {one.id} [label={_quoted(one.kind, *wrapped)}{look}]")
        lines.append("    }")
    if not answer.affected:
        lines.append(f"    none [label={_quoted(_NOTHING)} shape=plaintext]")
    lines += [f"    {one.start} -> {one.end} [label={_quoted(one.text)} {_PENS[one.strength]}]" for one in arrows]
    return "\n".join([*lines, "}"]) + "\n"


_NOTHING = "Nothing else in this ISMS."


def _distance(hops: int) -> str:
    return distance(hops) if hops else "Asked about"


def _elements(answer: Impact, isms_: Isms) -> tuple[list[_Node], list[_Arrow]]:
    """A node for each element, and an arrow for the link by which it is reached."""
    ordered = sorted(answer.affected, key=lambda one: (one.hops, one.guidance_order, one.class_, one.label, one.node))
    described = [(0, one) for one in answer.origins] + [(min(one.hops, FAR), one.element) for one in ordered]
    ids = {one.node: f"n{number}" for number, (_, one) in enumerate(described)}
    kinds = {one.node: one.class_label or "not described" for _, one in described}
    nodes = [_Node(ids[one.node], hops, clean(kinds[one.node]), (name_of(one),)) for hops, one in described]
    arrows: dict[tuple[str, str, str], int] = {}
    for one in ordered:
        step = one.link
        said = reading(isms_, step.property).replace("{subject}", kinds[step.subject]).replace("{object}", kinds[step.object])
        key = ids[step.cause], ids[step.effect], clean(said)
        arrows[key] = min(arrows.get(key, len(STRENGTHS)), STRENGTHS.index(one.strength))
    return nodes, [_Arrow(*key, STRENGTHS[strength]) for key, strength in arrows.items()]


def _groups(drawn: Picture) -> tuple[list[_Node], list[_Arrow]]:
    nodes = [
        _Node(f"g{number}", one.hops, one.heading, one.actions or (", ".join(name_of(member) for member in one.members[:3]),))
        for number, one in enumerate(drawn.groups)
    ]
    ends = [(one.near, one.far) if drawn.forward else (one.far, one.near) for one in drawn.links]
    return nodes, [_Arrow(f"g{start}", f"g{end}", one.text, one.strength) for (start, end), one in zip(ends, drawn.links, strict=True)]


def _mermaid(text: str) -> str:
    """A text inside a quoted label: whatever could be markup, Markdown or an icon goes in as an entity."""
    coded = "".join(f"#{ord(one)};" if one in punctuation and one not in _PLAIN else one for one in clean(text))
    return f"#{ord(coded[0])};{coded[1:]}" if coded[:1] in ("-", "(", "/") else coded or " "


def _yaml(text: str) -> str:
    return '"' + clean(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _quoted(*lines: str) -> str:
    """Lines of text as a quoted string of DOT."""
    coded = (clean(line).replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;") for line in lines)
    return '"' + "\\n".join(coded) + '"'
