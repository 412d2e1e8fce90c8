"""Asking a SPARQL 1.1 endpoint over HTTP: one SELECT by POST, the answer as JSON, within bounds of time and size.

The opener knows http and https only and follows no redirect: what an ISMS says goes to the address that was given, or
through the proxy that the environment names, and nowhere else.
"""

from __future__ import annotations

import http.client
import re
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import IO
from urllib.parse import urlencode, urlsplit

from pyoxigraph import NamedNode, QueryResultsFormat, QuerySolutions, parse_query_results

from isms_graph.errors import EndpointError, UsageError
from isms_graph.index import Object

TIMEOUT = 30.0
MAX_BYTES = 100_000_000
MAX_QUERIES = 500
_JSON = ("application/sparql-results+json", "application/json")
_HANDLERS = (
    urllib.request.ProxyHandler, urllib.request.HTTPHandler, urllib.request.HTTPSHandler,
    urllib.request.HTTPErrorProcessor, urllib.request.HTTPDefaultErrorHandler, urllib.request.UnknownHandler,
)  # fmt: skip


class Endpoint:
    """A SPARQL endpoint. `graphs` are asked instead of its default graph; `timeout` in seconds holds for each query.

    At most `max_bytes` are read in all answers together, and at most MAX_QUERIES queries asked.
    """

    def __init__(self, url: str, graphs: Sequence[str] = (), timeout: float = TIMEOUT, max_bytes: int = MAX_BYTES) -> None:
        self.url, self.timeout, self.max_bytes = _address(url), timeout, max_bytes
        self._from = "\n".join(f"FROM {_iri(graph)}" for graph in graphs)
        self.queries = self.received = 0
        self._opener = urllib.request.OpenerDirector()
        for handler in _HANDLERS:
            self._opener.add_handler(handler())

    def select(self, variables: str, where: str) -> list[tuple[Object | None, ...]]:
        """The distinct values of variables, written `s p o`, by a pattern; None where one is unbound. Raises EndpointError."""
        if self.queries == MAX_QUERIES:
            raise self._error(f"there is more to ask than {MAX_QUERIES} queries.", "Bound the answer with --hops.")
        self.queries += 1
        names = variables.split()
        answer = self._post(f"SELECT DISTINCT {' '.join(f'?{name}' for name in names)}\n{self._from}\nWHERE {{\n{where}\n}}")
        try:
            return _rows(answer, names)
        except (SyntaxError, TypeError) as error:
            wrong = _shortened(str(error))
        # Raised out here, the error keeps no hold of the parser, which must not be freed by another thread.
        raise self._error(f"its answer is no table in SPARQL's JSON: {wrong}.", "The answer may be cut off.")

    def _post(self, query: str) -> bytes:
        headers = {"Accept": _JSON[0], "Content-Type": "application/x-www-form-urlencoded; charset=utf-8", "User-Agent": "isms-graph"}
        request = urllib.request.Request(self.url, urlencode({"query": query}).encode(), headers)  # noqa: S310 - see _address
        end = time.monotonic() + self.timeout
        try:
            with self._opener.open(request, timeout=self.timeout) as response:
                kind = response.headers.get_content_type()
                if kind not in _JSON:
                    raise self._error(f"it answers with {kind}, not with {_JSON[0]}.", "Is this the address for SPARQL queries?")
                return self._read(response, end)
        except urllib.error.HTTPError as error:
            with error:
                raise self._refused(error) from None
        except TimeoutError:
            raise self._late() from None
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            if isinstance(reason, TimeoutError):
                raise self._late() from None
            what = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
            raise self._error(f"it cannot be reached: {_shortened(what)}.", "Is the address right, and the server running?") from None

    def _read(self, response: http.client.HTTPResponse, end: float) -> bytes:
        parts: list[bytes] = []
        while part := response.read1(1 << 16):
            self.received += len(part)
            if self.received > self.max_bytes:
                raise self._error(f"its answers are larger than {self.max_bytes / 1e6:,.0f} MB.", "Bound the answer with --hops.")
            if time.monotonic() > end:
                raise self._late()
            parts.append(part)
        if response.length:
            raise self._error("the answer broke off.", "Try again.")
        return b"".join(parts)

    def _refused(self, error: urllib.error.HTTPError) -> EndpointError:
        if 300 <= error.code < 400:
            target = _shortened(error.headers.get("Location", "nowhere"))
            return self._error(f"it redirects to {target}, and redirects are not followed.", "Give that address if you trust it.")
        advice = {401: "It wants a login, which is not supported.", 403: "It does not let you ask.", 404: "Is the address right?"}
        said = _said(error)
        return self._error(
            f"it answers with the error {error.code}{f': {said}' if said else '.'}", advice.get(error.code, "Ask whoever runs it.")
        )

    def _late(self) -> EndpointError:
        return self._error(
            f"no full answer came within {self.timeout:g} seconds.", "Give it longer with --timeout, or less to do with --hops."
        )

    def _error(self, message: str, advice: str = "") -> EndpointError:
        return EndpointError(f"{self.url}: {message}", advice=advice)


def _rows(answer: bytes, names: list[str]) -> list[tuple[Object | None, ...]]:
    solutions = parse_query_results(answer, format=QueryResultsFormat.JSON)
    if not isinstance(solutions, QuerySolutions):
        raise TypeError("a truth value")
    return [tuple(row[name] for name in names) for row in solutions]


def _address(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or re.search(r"[^!-~]", url) or parts.fragment:
        raise UsageError(f"the endpoint is an address such as https://example.org/sparql, not {url!r}.")
    if parts.username is not None or parts.password is not None:
        raise UsageError("names and passwords do not belong into the address of an endpoint; logins are not supported.")
    return url


def _iri(text: str) -> str:
    try:
        return str(NamedNode(text))
    except ValueError:
        raise UsageError(f"the graph is named by its IRI, not by {text!r}.") from None


def _said(error: IO[bytes]) -> str:
    try:
        text = error.read(4000).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException):
        return ""
    return _shortened(re.sub(r"<(style|script|head)\b.*?</\1>|<[^>]*>", " ", text, flags=re.DOTALL | re.IGNORECASE))


def _shortened(text: str, size: int = 200) -> str:
    """One line of printable characters."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= size else f"{line[: size - 3]}..."
