"""Bearer tokens (RFC 6750): who asks, and what of the server they may read.

A file in TOML lists them. It holds digests, so that who reads the file cannot use them:

    [[token]]
    name = "auditor"
    sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    workspaces = ["harbour-saas"]                 # left out: all
    graphs = ["urn:isms-graph:file:risks.ttl"]    # left out: all of the workspace; if given, only SPARQL is answered
    expires = 2027-01-31                          # the last day on which it works, in UTC; left out: for ever

A token is 256 random bits, which nobody finds by trying, so that a plain SHA-256 is enough; slow hashes are for what
people make up. For the same reason only the form that `new_token` gives is accepted: a password is not.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
import stat
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from isms_graph.errors import InputError, UsageError

from .problems import Problem

_KEYS = ("name", "sha256", "workspaces", "graphs", "expires")
_SECRET = re.compile(r"isms_[A-Za-z0-9_-]{43}", re.ASCII)
_LIKE_A_SECRET = re.compile(r"isms_[A-Za-z0-9_-]{20,}", re.ASCII)  # also one that was cut, or has something behind it
_DIGEST = re.compile(r"[0-9a-fA-F]{64}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_WORKSPACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20\x7f-\x9f\ud800-\udfff<>\"{}|\\^`]+")
_NAME_RULE = "A name has at most 64 letters, digits, '.', '_', '-' and '@', and starts with a letter or digit."
_REALM = 'Bearer realm="isms"'
_ADVICE = "Send the header 'Authorization: Bearer isms_...' with a token that `isms token` made and the operator listed."


@dataclass(frozen=True)
class Token:
    """Who may ask, and what. None stands for everything, and for no end."""

    name: str
    digest: bytes = field(repr=False)
    workspaces: tuple[str, ...] | None = None
    graphs: tuple[str, ...] | None = None
    expires: date | None = None

    def sees(self, workspace: str) -> bool:
        """Whether this workspace is there for whoever holds the token."""
        return self.workspaces is None or workspace in self.workspaces


@dataclass(frozen=True)
class Tokens:
    """The tokens that a server knows; without any, it refuses everybody."""

    entries: tuple[Token, ...]

    def who(self, authorization: str | None, today: date) -> Token:
        """The token of an Authorization header. Raises Problem with 401."""
        scheme, _, given = (authorization or "").strip(" \t").partition(" ")
        if scheme.lower() != "bearer":
            # RFC 6750, 3.1: no error code for who has not tried yet, or tried something else
            raise Problem(401, "This server answers only with a bearer token.", _ADVICE, {"WWW-Authenticate": _REALM})
        given = given.strip(" \t")
        if not _SECRET.fullmatch(given):
            raise _refused("The bearer token is malformed.", "malformed", _ADVICE)
        digest, found = hashlib.sha256(given.encode("ascii")).digest(), None
        for token in self.entries:  # all of them, so that the time does not tell which one was near
            if hmac.compare_digest(token.digest, digest):
                found = token
        if found is None:
            raise _refused("The bearer token is not known here.", "unknown", _ADVICE)
        if found.expires is not None and today > found.expires:
            raise _refused(f"The bearer token expired after {found.expires}.", "expired", "Ask the operator for a new one.")
        return found


def _refused(detail: str, why: str, advice: str) -> Problem:
    challenge = f'{_REALM}, error="invalid_token", error_description="The token is {why}"'
    return Problem(401, detail, advice, {"WWW-Authenticate": challenge})


def read_tokens(path: str | Path) -> Tokens:
    """The tokens of a file. Raises InputError if it is not as it should be, or others could write to it."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode  # of the file that is read, not of what has its name a moment later
            text = file.read().decode("utf-8")
    except OSError as error:
        raise InputError(f"the tokens cannot be read: {error.strerror}.", path, advice="Make one: isms token NAME >> FILE.") from None
    except UnicodeDecodeError:
        raise InputError("the file is not UTF-8.", path, advice="Make a new one: isms token NAME >> FILE.") from None
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise InputError("others than its owner can write to the file, and so let themselves in.", path, advice=f"Try: chmod go-w {path}")
    try:
        settings = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(
            f"the file is not valid TOML: {error}.", path, advice="`isms token NAME` prints an entry as it should be."
        ) from None
    for key in settings:
        _must_know(key, ("token",), path, "")
    entries = settings.get("token", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InputError("'token' has to be a list of tables.", path, advice="Begin each entry with [[token]], in two brackets.")
    if not entries:
        raise InputError("the file lists no token, so nobody could ask.", path, advice="Make one: isms token NAME >> FILE.")
    tokens = [_token(entry, f"token {number}", path) for number, entry in enumerate(entries, 1)]
    _must_differ("name", (token.name for token in tokens), path)
    _must_differ("sha256", (token.digest.hex() for token in tokens), path)
    return Tokens(tuple(tokens))


def new_token(
    name: str, workspaces: Sequence[str] = (), graphs: Sequence[str] = (), expires: date | None = None
) -> tuple[str, str]:  # fmt: skip
    """A new secret, and its entry in TOML; no workspaces or graphs are all. Raises UsageError for what no entry may say."""
    _checked(name, _NAME, f"{name!r} cannot be the name of a token.", _NAME_RULE)
    for workspace in workspaces:
        _checked(workspace, _WORKSPACE, f"{workspace!r} cannot be the name of a workspace.", "It is the last part of its path.")
    for graph in graphs:
        _checked(graph, _IRI, f"{graph!r} is not an IRI.", "Try one such as urn:isms-graph:file:risks.ttl.")
    secret = "isms_" + secrets.token_urlsafe(32)
    lines = ["[[token]]", f"name = {json.dumps(name)}", f'sha256 = "{hashlib.sha256(secret.encode("ascii")).hexdigest()}"']
    if workspaces:
        lines.append(f"workspaces = {json.dumps(list(workspaces))}")
    if graphs:
        lines.append(f"graphs = {json.dumps(list(graphs), ensure_ascii=False)}")
    if expires:
        lines.append(f"expires = {expires.isoformat()}")
    return secret, "\n" + "\n".join(lines) + "\n"  # the first newline also ends a last line that had none


def scrub(text: str) -> str:
    """The text with everything that looks like a token taken out."""
    return _LIKE_A_SECRET.sub("isms_***", text)


def _checked(text: str, form: re.Pattern[str], wrong: str, advice: str) -> None:
    if not form.fullmatch(text):
        raise UsageError(f"{scrub(wrong)} {advice}")


def _token(entry: Mapping[str, Any], where: str, path: Path) -> Token:
    for key in entry:
        _must_know(key, _KEYS, path, f"{where}: ")
    name = entry.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InputError(f"{where}: 'name' is missing or cannot be one.", path, advice=_NAME_RULE)
    where = f"token {name!r}"
    digest = entry.get("sha256")
    if isinstance(digest, str) and digest.startswith("isms_"):  # said without repeating it
        raise InputError(
            f"{where}: 'sha256' is the token itself.", path, advice="It is no secret any more: make a new one with `isms token`."
        )
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise InputError(f"{where}: 'sha256' has to be 64 hexadecimal digits.", path, advice="`isms token NAME` prints them.")
    expires = entry.get("expires")
    if expires is not None and (not isinstance(expires, date) or isinstance(expires, datetime)):
        raise InputError(f"{where}: 'expires' has to be a date.", path, advice="Write it without quotes, such as 2027-01-31.")
    workspaces = _texts(entry, "workspaces", _WORKSPACE, "the names of workspaces", where, path)
    graphs = _texts(entry, "graphs", _IRI, "the IRIs of graphs", where, path)
    return Token(name, bytes.fromhex(digest), workspaces, graphs, expires)


def _texts(entry: Mapping[str, Any], key: str, form: re.Pattern[str], what: str, where: str, path: Path) -> tuple[str, ...] | None:
    if key not in entry:
        return None
    values = entry[key]
    if not isinstance(values, list) or not values or not all(isinstance(value, str) and form.fullmatch(value) for value in values):
        raise InputError(f"{where}: {key!r} has to list {what}.", path, advice=f"For all of them, leave {key!r} out.")
    return tuple(values)


def _must_know(key: str, known: Sequence[str], path: Path, where: str) -> None:
    if key not in known:
        near = get_close_matches(key.lower(), known, n=1)
        advice = f"Did you mean {near[0]!r}?" if near else f"Known are {', '.join(known)}."
        raise InputError(scrub(f"{where}there is no setting {key!r}."), path, advice=advice)


def _must_differ(key: str, values: Iterable[str], path: Path) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise InputError(f"two tokens have the {key} {value!r}.", path, advice="Take one of them away.")
        seen.add(value)
