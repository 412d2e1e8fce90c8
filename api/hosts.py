"""Which addresses a server may listen on, and which names it answers to.

Without tokens, whoever reaches the server may read it. It then has to be reached from this machine only, and not by
a web page that has its own name resolve to this machine (DNS rebinding): the browser still sends that name as Host.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import ip_address

from isms_graph.errors import UsageError

from .problems import Problem

_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\[\]:]+))(?::[0-9]{1,5})?")


def guard(host_header: str | None, tokens_configured: bool, allowed: Sequence[str] = ()) -> None:
    """Raises Problem with 421 if the request was meant for another server.

    This machine is always answered to, and the names in `allowed`, without ports; with tokens and no such names, any name:
    a web page has no token to send.
    """
    if tokens_configured and not allowed:
        return
    found = _HOST.fullmatch(host_header or "")
    host = (found[1] or found[2]).lower() if found else ""
    if not is_loopback(host) and host not in {name.lower().strip("[]") for name in allowed}:
        advice = "Ask for http://localhost with the port of the server; the operator can allow further host names."
        raise Problem(421, "This server does not answer to the host name of the request.", advice)


def may_bind(host: str, tokens: bool) -> None:
    """Raises UsageError for an address that others can reach while there are no tokens."""
    if not tokens and not is_loopback(host.lower()):
        raise UsageError(
            f"without tokens, the server listens on this machine only, and {host!r} may be reached by others. "
            "Use 127.0.0.1, or make a token with `isms token NAME >> tokens.toml` and give the file to `isms serve`."
        )


def is_loopback(host: str) -> bool:
    """Whether it is localhost, in 127.0.0.0/8, or ::1. Other names are not looked up: what they resolve to can change."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
