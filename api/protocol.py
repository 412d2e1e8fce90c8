"""What a request asks, by the SPARQL 1.1 Protocol: queries only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from .limits import Limits
from .problems import Problem

METHODS = "GET, HEAD, POST, OPTIONS"  # OPTIONS is answered by the application
FORM, QUERY, UPDATE = "application/x-www-form-urlencoded", "application/sparql-query", "application/sparql-update"
MAX_FIELDS = 100  # of a URL, and of a form
_ENCODED = "Percent-encode the fields as UTF-8; curl does it with --data-urlencode."

# An absolute IRI. The engine knows more that is wrong with one, such as a port that is no number.
_IRI = re.compile(r"""[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20\x7f-\x9f<>"{}|\\^`]*""")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2}).{0,2}", re.DOTALL)
_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")
_NUMBER = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")


@dataclass(frozen=True)
class Asked:
    """One request. If it names graphs, of either kind, then those of both kinds are the whole dataset, whatever the query says."""

    text: str | None  # None: the description of the service
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()
    format: str | None = None  # as it was written; see negotiation
    rows: int | None = None  # so many at most
    seconds: float | None = None  # never above the limit


class _Fields:
    """The fields of a URL, or of a URL and a form."""

    def __init__(self, *sources: list[tuple[str, str]]) -> None:
        self._all = [field for source in sources for field in source]

    def every(self, name: str) -> list[str]:
        return [value for key, value in self._all if key == name]

    def one(self, name: str) -> str | None:
        """The value of a field that may be given once. Raises Problem."""
        values = self.every(name)
        if len(values) > 1:
            raise Problem(400, f"The field {name} is given {len(values)} times.", "Give it once.")
        return values[0] if values else None


def read_request(method: str, query_string: bytes, content_type: str | None, body: bytes, limits: Limits) -> Asked:
    """What a request asks. The body of a GET is not looked at, nor are fields with other names. Raises Problem."""
    if method not in ("GET", "HEAD", "POST"):
        raise Problem(405, "A query is sent with GET or POST.", f"Allowed are {METHODS}.", {"Allow": METHODS})
    if len(query_string) > limits.header_bytes:
        raise Problem(414, f"The URL is longer than {limits.header_bytes} bytes.", "Send the query with POST.")
    in_url = _fields(query_string, "URL")
    if method == "POST":
        return _posted(in_url, _body_type(content_type), body, limits)
    fields = _Fields(in_url)
    return _asked(fields, fields.one("query"), limits)


def _posted(in_url: list[tuple[str, str]], body_type: str, body: bytes, limits: Limits) -> Asked:
    if _Fields(in_url).every("query"):
        raise Problem(400, "A query in the URL is for GET; this is a POST.", "Send the query in the body, or use GET.")
    if body_type == QUERY:
        return _asked(_Fields(in_url), _utf8(body, "body"), limits)
    in_body = _fields(body, "body")
    text = _Fields(in_body).one("query")
    fields = _Fields(in_url, in_body)
    if text is None and not fields.every("update"):
        raise Problem(400, "The form has no field named query.", f"Send query=..., or the query itself as {QUERY}.")
    return _asked(fields, text, limits)


def _asked(fields: _Fields, text: str | None, limits: Limits) -> Asked:
    if fields.every("update"):
        raise _only_reads()
    if text is not None and not text.strip():
        raise Problem(400, "The query is empty.", "Without any query, GET gives the description of this service.")
    return Asked(
        text=text,
        default_graphs=_graphs(fields, "default-graph-uri"),
        named_graphs=_graphs(fields, "named-graph-uri"),
        format=fields.one("format"),
        rows=_rows(fields.one("rows")),
        seconds=_seconds(fields.one("timeout"), limits.seconds),
    )


def _graphs(fields: _Fields, name: str) -> tuple[str, ...]:
    """Each graph once, in the order in which they are named."""
    found = tuple(dict.fromkeys(fields.every(name)))
    for iri in found:
        if not _IRI.fullmatch(iri):
            raise Problem(400, f"{name} is not an absolute IRI: {_shown(iri)}.", "Write it out, such as https://example.org/graph.")
    return found


def _rows(written: str | None) -> int | None:
    if written is None:
        return None
    if not _WHOLE_NUMBER.fullmatch(written) or int(written) == 0:
        raise Problem(400, f"rows is not a whole number from 1 to 999999999: {_shown(written)}.", "Leave it out to get all rows.")
    return int(written)


def _seconds(written: str | None, maximum: float) -> float | None:
    if written is None:
        return None
    if not _NUMBER.fullmatch(written) or not 0 < float(written) <= maximum:
        said = f"timeout is not a number of seconds above 0 and at most {maximum:g}: {_shown(written)}."
        raise Problem(400, said, f"Leave it out to get {maximum:g} seconds.")
    return float(written)


def _body_type(content_type: str | None) -> str:
    """The media type of a body that can hold a query, in lower case. Raises Problem."""
    either = f"Send the query as {QUERY}, or in a form as {FORM}, in UTF-8."
    if content_type is None:
        raise Problem(415, "The request has no Content-Type.", either)
    name, *parameters = (part.strip() for part in content_type.lower().split(";"))
    if name == UPDATE:
        raise _only_reads()
    if name not in (FORM, QUERY):
        raise Problem(415, f"The Content-Type is {_shown(name)}.", either)
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "charset" and value.strip().strip('"') not in ("utf-8", "utf8"):
            raise Problem(415, f"The charset of the body is {_shown(value)}.", either)
    return name


def _fields(raw: bytes, where: str) -> list[tuple[str, str]]:
    text = _utf8(raw, where)
    broken = _BROKEN_ESCAPE.search(text)
    if broken:
        raise Problem(400, f"The {where} has a % without two hexadecimal digits: {_shown(broken[0])}.", _ENCODED)
    try:
        return parse_qsl(text, keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=MAX_FIELDS)
    except UnicodeDecodeError:
        raise Problem(400, f"What is percent-encoded in the {where} is not UTF-8.", _ENCODED) from None
    except ValueError:  # the only other one that parse_qsl raises here
        raise Problem(400, f"The {where} has more than {MAX_FIELDS} fields.", "Name fewer graphs.") from None


def _utf8(raw: bytes, where: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Problem(400, f"The {where} is not UTF-8 at byte {error.start}.", "Encode it in UTF-8.") from None


def _only_reads() -> Problem:
    return Problem(403, "This endpoint only reads.", "Change the files of the ISMS instead, and load them again.")


def _shown(text: str) -> str:
    """What a client wrote, for a message: cut, and without control characters."""
    return ascii(text if len(text) <= 80 else text[:77] + "...")
