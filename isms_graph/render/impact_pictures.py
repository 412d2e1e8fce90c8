"""The answer to "what does this change affect" as a picture, by the name of the format."""

from __future__ import annotations

from collections.abc import Callable

from isms_graph.graph import Isms
from isms_graph.impacts import Impact
from isms_graph.render.impact_graphs import dot, mermaid
from isms_graph.render.impact_svg import svg

PICTURES: dict[str, Callable[[Impact, Isms], str]] = {"mermaid": mermaid, "dot": dot, "svg": svg}
