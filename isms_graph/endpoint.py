"""Asking a SPARQL 1.1 endpoint over HTTP: queries and updates by POST, within bounds of time and size.

The opener knows http and https only and follows no redirect: what an ISMS says goes to the address that was given, or
through the proxy that the environment names, and nowhere else. An answer that is cut or broken is an error, never rows.
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

from pyoxigraph import NamedNode, QueryBoolean, QueryResultsFormat, QuerySolutions, RdfFormat, Triple, parse, parse_query_results

from isms_graph.errors import CutAnswer, EndpointError, UsageError
from isms_graph.index import Object
from isms_graph.logins import find_login

TIMEOUT = 30.0
MAX_BYTES = 100_000_000
MAX_QUERIES = 500
RETRIES = 2
_LONGEST_WAIT = 10.0
_JSON = ("application/sparql-results+json", "application/json")
_TRIPLES = ("application/n-triples", "text/turtle")
_FORM = "application/x-www-form-urlencoded; charset=utf-8"
_HANDLERS = (
    urllib.request.ProxyHandler, urllib.request.HTTPHandler, urllib.request.HTTPSHandler,
    urllib.request.HTTPErrorProcessor, urllib.request.HTTPDefaultErrorHandler, urllib.request.UnknownHandler,
)  # fmt: skip
Rows = list[tuple[Object | None, ...]]


class Endpoint:
    """A SPARQL endpoint. `graphs` are asked instead of its default graph; `timeout` in seconds holds for each query.

    At most `max_bytes` are read in all answers together, and at most MAX_QUERIES queries asked. Updates go to
    `update_url`, on the same server. `bound` says what to do if there is too much.
    """

    def __init__(
        self, url: str, graphs: Sequence[str] = (), timeout: float = TIMEOUT, max_bytes: int = MAX_BYTES,
        update_url: str | None = None, bound: str = "Bound the answer with --hops.",
    ) -> None:  # fmt: skip
        self.url, self.timeout, self.max_bytes, self.bound = _address(url), timeout, max_bytes, bound
        self.update_url = _address(update_url or url)
        if _server(self.update_url) != _server(url):
            raise UsageError(f"{self.update_url} is another server than {url}; both addresses have to be of one server.")
        self.graphs = tuple(graphs)
        self._from = "\n".join(f"FROM {_iri(graph)}" for graph in graphs)
        self.queries = self.received = 0
        self._login = find_login(url)
        self._max_rows: int | None = None
        self._opener = urllib.request.OpenerDirector()
        for handler in _HANDLERS:
            self._opener.add_handler(handler())

    def select(self, variables: str, where: str) -> Rows:
        """The distinct values of variables, written `s p o`, by a pattern; None where one is unbound. Raises EndpointError."""
        names = variables.split()
        text = f"SELECT DISTINCT {' '.join(f'?{name}' for name in names)}\n{self._from}\nWHERE {{\n{where}\n}}"
        return self._table(self._ask(text, _JSON, ()), names)[1]

    def table(self, query: str) -> tuple[list[str], Rows]:
        """The columns and rows of a SELECT. Raises EndpointError, CutAnswer if rows are missing."""
        return self._table(self._ask(query, _JSON, self.graphs), None)

    def _table(self, answer: bytes, names: list[str] | None) -> tuple[list[str], Rows]:
        try:
            return _rows(answer, names)
        except (SyntaxError, TypeError) as error:
            wrong = _shortened(str(error))
        # Raised out here, the error keeps no hold of the parser, which must not be freed by another thread.
        raise self.error(f"its answer is no table in SPARQL's JSON: {wrong}.", "The answer may be cut off.")

    def ask(self, query: str) -> bool:
        """The answer to an ASK. Virtuoso answers with a table, that holds 1, or nothing for no."""
        answer = self._ask(query, _JSON, self.graphs)
        try:
            return _truth(answer)
        except (SyntaxError, TypeError) as error:
            wrong = _shortened(str(error))
        raise self.error(f"its answer is neither yes nor no: {wrong}.", "The answer may be cut off.")

    def construct(self, query: str) -> list[Triple]:
        """The statements of a CONSTRUCT or DESCRIBE. Raises EndpointError, CutAnswer if some are missing."""
        answer = self._ask(query, _TRIPLES, self.graphs)
        try:
            found = [Triple(*tuple(quad)[:3]) for quad in parse(answer, format=RdfFormat.TURTLE)]
        except SyntaxError as error:
            found, wrong = [], _shortened(str(error))
        else:
            self._whole(len(found))
            return found
        raise self.error(f"its answer is not in N-Triples or Turtle: {wrong}.", "The answer may be cut off.")

    def update(self, text: str) -> None:
        """Run an update, once: it is never sent again. Raises EndpointError; whether it was applied is not known then."""
        if self._login and not self._login.token:
            self._learn()
        self._open(self.update_url, text.encode(), "application/sparql-update", "*/*", None)

    def _ask(self, query: str, kinds: Sequence[str], graphs: Sequence[str]) -> bytes:
        if self.queries == MAX_QUERIES:
            raise self.error(f"there is more to ask than {MAX_QUERIES} queries.", self.bound)
        self.queries += 1
        body = urlencode([("query", query), *(("default-graph-uri", graph) for graph in graphs)])
        for attempt in range(RETRIES + 1):
            try:
                return self._open(self.url, body.encode(), _FORM, ", ".join(kinds), kinds)
            except _Later as later:
                if attempt == RETRIES:
                    raise later.error from None
                time.sleep(later.seconds)
        raise AssertionError

    def _learn(self) -> None:
        """Let the server ask for the login before a large request is sent, which it may not read to its end."""
        request = self._request(self.update_url, b"", "application/sparql-update", "*/*")
        if self._login.sign(request):
            return
        try:
            self._opener.open(request, timeout=self.timeout).close()
        except urllib.error.HTTPError as error:
            with error:
                self._login.asked(error.headers.get_all("WWW-Authenticate") or [])
        except (OSError, http.client.HTTPException):
            return  # the request itself will say what is wrong

    def _open(self, url: str, body: bytes, kind: str, accept: str, kinds: Sequence[str] | None) -> bytes:
        end = time.monotonic() + self.timeout
        for attempt in (1, 2):
            request = self._request(url, body, kind, accept)
            signed = self._login.sign(request)
            try:
                with self._opener.open(request, timeout=self.timeout) as response:
                    return self._answer(response, end, kinds)
            except urllib.error.HTTPError as error:
                with error:
                    if (
                        error.code == 401
                        and attempt == 1
                        and not signed
                        and self._login.asked(error.headers.get_all("WWW-Authenticate") or [])
                    ):
                        continue
                    refused = self._refused(error, kinds is None)
                    if error.code == 503 and kinds and error.headers.get("Retry-After", "").isdecimal():
                        raise _Later(refused, min(float(error.headers["Retry-After"]), _LONGEST_WAIT)) from None
                    raise refused from None
            except TimeoutError:
                raise self._late() from None
            except (OSError, http.client.HTTPException) as error:
                reason = getattr(error, "reason", error)
                if isinstance(reason, TimeoutError):
                    raise self._late() from None
                what = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
                failed = self.error(f"it cannot be reached: {_shortened(what)}.", "Is the address right, and the server running?")
                if kinds and isinstance(reason, ConnectionRefusedError):
                    raise _Later(failed, 0.2) from None
                raise failed from None
        raise AssertionError

    def _request(self, url: str, body: bytes, kind: str, accept: str) -> urllib.request.Request:
        headers = {"Accept": accept, "Content-Type": kind, "User-Agent": "isms-graph"}
        return urllib.request.Request(url, body, headers)  # noqa: S310 - see _address

    def _answer(self, response: http.client.HTTPResponse, end: float, kinds: Sequence[str] | None) -> bytes:
        if state := response.headers.get("X-SQL-State"):  # Virtuoso: what it had when its time was over, with 200
            said = _shortened(response.headers.get("X-SQL-Message", ""))
            raise self.error(f"its answer is incomplete ({_shortened(state, 20)}): {said}", "Ask for less, or let the server take longer.")
        if kinds is None:
            return self._read(response, end)
        kind = response.headers.get_content_type()
        if kind not in kinds:
            raise self.error(f"it answers with {kind}, not with {kinds[0]}.", "Is this the address for SPARQL queries?")
        answer = self._read(response, end)
        if rows := response.headers.get("X-SPARQL-MaxRows"):
            raise CutAnswer(f"{self.url}: it gives {_shortened(rows, 20)} rows and no more; the answer has more.", advice="Ask for less.")
        if kinds == _TRIPLES and "virtuoso" in response.headers.get("Server", "").lower():
            self._max_rows = self._max_rows or self._most_rows(end)
        return answer

    def _most_rows(self, end: float) -> int:
        """How many rows Virtuoso gives at most: it says so with tables, and cuts graphs to as many statements without a word."""
        body = urlencode({"query": "SELECT (1 AS ?one) WHERE { ?a ?b ?c . ?d ?e ?f }"}).encode()
        request = self._request(self.url, body, _FORM, _JSON[0])
        self._login.sign(request)
        try:
            with self._opener.open(request, timeout=max(0.1, end - time.monotonic())) as response:
                most = response.headers.get("X-SPARQL-MaxRows", "")
        except (OSError, http.client.HTTPException):
            raise self.error("it is a Virtuoso and does not say after how many statements it cuts.", "Ask with SELECT.") from None
        return int(most) if most.isdecimal() else 1 << 62

    def _whole(self, count: int) -> None:
        if self._max_rows is not None and count >= self._max_rows:
            what = f"{self.url}: it gives {self._max_rows} statements and no more; the answer may have more."
            raise CutAnswer(what, advice="Ask for less, or with SELECT.")

    def _read(self, response: http.client.HTTPResponse, end: float) -> bytes:
        parts: list[bytes] = []
        while part := response.read1(1 << 16):
            self.received += len(part)
            if self.received > self.max_bytes:
                raise self.error(f"its answers are larger than {self.max_bytes / 1e6:,.0f} MB.", self.bound)
            if time.monotonic() > end:
                raise self._late()
            parts.append(part)
        if response.length:
            raise self.error("the answer broke off.", "Try again.")
        return b"".join(parts)

    def _refused(self, error: urllib.error.HTTPError, update: bool) -> EndpointError:
        if 300 <= error.code < 400:
            target = _shortened(error.headers.get("Location", "nowhere"))
            return self.error(f"it redirects to {target}, and redirects are not followed.", "Give that address if you trust it.")
        said = _said(error)
        advice = {403: "It does not let you do this.", 404: "Is the address right?"}.get(error.code, "Ask whoever runs it.")
        if error.code == 401 and self._login:
            advice = "It does not take the login that is set for it, or wants another kind."
        elif error.code == 401:
            advice = "It wants a login: set ISMS_ENDPOINT_TOKEN, or ISMS_ENDPOINT_USER and ISMS_ENDPOINT_PASSWORD, or put it into ~/.netrc."
        elif "transitive start not given" in said:
            advice = "Virtuoso refuses property paths with * or + of which neither end is known; bind one end first."
        elif "SPARQL_INSERT" in said or "SPARUL" in said or (update and self.update_url == self.url and error.code in (400, 405, 406, 415)):
            advice = "Is there another address for updates? Give it with --update-endpoint; Virtuoso takes them at /sparql-auth only."
        return self.error(f"it answers with the error {error.code}{f': {said}' if said else '.'}", advice)

    def _late(self) -> EndpointError:
        less = ", or less to do with --hops" if "--hops" in self.bound else ""
        return self.error(f"no full answer came within {self.timeout:g} seconds.", f"Give it longer with --timeout{less}.")

    def error(self, message: str, advice: str = "") -> EndpointError:
        """An error of this endpoint."""
        return EndpointError(f"{self.url}: {message}", advice=advice)


class _Later(Exception):
    """A query that may be sent again after some seconds, and the error to raise if not."""

    def __init__(self, error: EndpointError, seconds: float) -> None:
        super().__init__(str(error))
        self.error, self.seconds = error, seconds


def _rows(answer: bytes, names: list[str] | None) -> tuple[list[str], Rows]:
    solutions = parse_query_results(answer, format=QueryResultsFormat.JSON)
    if not isinstance(solutions, QuerySolutions):
        raise TypeError("a truth value")
    columns = names if names is not None else [variable.value for variable in solutions.variables]
    return columns, [tuple(row[name] for name in columns) for row in solutions]


def _truth(answer: bytes) -> bool:
    result = parse_query_results(answer, format=QueryResultsFormat.JSON)
    if isinstance(result, QueryBoolean):
        return bool(result)
    if isinstance(result, QuerySolutions) and [variable.value for variable in result.variables] == ["__ASK_RETVAL"]:
        values = [getattr(row[0], "value", "") for row in result]
        if len(values) <= 1 and set(values) <= {"0", "1", "true", "false"}:
            return values in (["1"], ["true"])
    raise TypeError("a table")


def _server(url: str) -> tuple[str, str | None, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)


def _address(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or re.search(r"[^!-~]", url) or parts.fragment:
        raise UsageError(f"the endpoint is an address such as https://example.org/sparql, not {url!r}.")
    if parts.username is not None or parts.password is not None:
        raise UsageError(
            "names and passwords do not belong into the address of an endpoint; set ISMS_ENDPOINT_USER and "
            "ISMS_ENDPOINT_PASSWORD, or use ~/.netrc."
        )
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
