"""An information security management system (ISO/IEC 27001:2022) as an RDF graph.

from isms_graph import load, check, diff, impact, query, status
isms = load("data/harbour-saas")
report = check(isms, stage="surveillance")
impact(isms, "EU data residency").affected
diff(load("data/harbour-saas", as_of="2027-11-23"), isms).modified
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from isms_graph.checks import check
    from isms_graph.diffs import diff
    from isms_graph.graph import load
    from isms_graph.impacts import impact
    from isms_graph.queries import query
    from isms_graph.statuses import status

_HOME = {"load": "graph", "check": "checks", "diff": "diffs", "impact": "impacts", "query": "queries", "status": "statuses"}
__all__ = ["check", "diff", "impact", "load", "query", "status"]


def __getattr__(name: str) -> Any:
    """The public functions, imported when they are first used: `import isms_graph` alone costs next to nothing.

    No module of the package may have the name of a public function: it would take the function's place once imported.
    """
    if name in _HOME:
        function = getattr(import_module(f"isms_graph.{_HOME[name]}"), name)
        globals()[name] = function
        return function
    raise AttributeError(f"module 'isms_graph' has no attribute {name!r}")
