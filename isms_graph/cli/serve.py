"""`isms serve`."""

from __future__ import annotations

from collections.abc import Sequence

from isms_graph.errors import MissingExtra
from isms_graph.graph import load


def run_serve(workspace: Sequence[str], as_of: str | None, port: int) -> int:
    """Serve a workspace on the loopback interface until interrupted."""
    try:
        import uvicorn

        from isms_graph.api import create_app
    except ImportError:
        raise MissingExtra("isms serve", "api") from None
    uvicorn.run(create_app(load(workspace, as_of=as_of)), host="127.0.0.1", port=port, log_level="warning")
    return 0
