"""Bearer tokens: what a file of them may say, who is let in, and what never shows a secret."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from datetime import date
from pathlib import Path

import pytest

from isms_graph.api.problems import Problem
from isms_graph.api.tokens import Token, Tokens, new_token, read_tokens, scrub
from isms_graph.errors import InputError, UsageError

TODAY = date(2026, 11, 23)
DIGEST = "ab" * 32
FORM = re.compile(r"isms_[A-Za-z0-9_-]{43}")


def written(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "tokens.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def problem(known: Tokens, authorization: str | None, today: date = TODAY) -> Problem:
    with pytest.raises(Problem) as raised:
        known.who(authorization, today)
    return raised.value


def test_a_new_token_is_let_in(tmp_path: Path) -> None:
    secret, entry = new_token("auditor", ["harbour-saas", "alder"], ["urn:isms-graph:file:ü𝄞.ttl"], date(2027, 1, 31))
    other, second = new_token("someone@else")
    known = read_tokens(written(tmp_path, "# made by isms token" + entry + second))
    assert FORM.fullmatch(secret) and FORM.fullmatch(other)
    found = known.who(f"Bearer {secret}", TODAY)
    assert found == Token(
        "auditor", hashlib.sha256(secret.encode()).digest(), ("harbour-saas", "alder"), ("urn:isms-graph:file:ü𝄞.ttl",), date(2027, 1, 31)
    )
    assert found.sees("alder") and not found.sees("alder-clinics")
    everything = known.who(f"bearer  {other} ", TODAY)
    assert (everything.name, everything.workspaces, everything.graphs, everything.expires) == ("someone@else", None, None, None)
    assert everything.sees("anything")


def test_an_entry_holds_no_secret() -> None:
    secret, entry = new_token("auditor")
    assert secret not in entry and secret[5:] not in entry
    assert scrub(entry) == entry
    assert new_token("auditor")[0] != secret


def test_who_has_no_token_is_told_how() -> None:
    known = Tokens((Token("auditor", b"x" * 32),))
    for header in (None, "", "Basic YTpi", "isms_" + "x" * 43):
        found = problem(known, header)
        assert found.status == 401
        assert found.headers == {"WWW-Authenticate": 'Bearer realm="isms"'}, "RFC 6750: no error code if nothing was tried"


@pytest.mark.parametrize("given", ["", "x", "isms_short", "isms_" + "x" * 44, "isms_" + "ü" * 43, "isms_" + "x" * 43 + "\n", "a b"])
def test_a_malformed_token_is_refused(given: str) -> None:
    secret = hashlib.sha256(given.encode()).digest()
    found = problem(Tokens((Token("weak", secret),)), f"Bearer {given}")
    assert found.status == 401
    assert 'error="invalid_token"' in found.headers["WWW-Authenticate"] and "malformed" in found.headers["WWW-Authenticate"]


def test_an_unknown_token_is_refused_without_being_repeated() -> None:
    secret, _ = new_token("auditor")
    found = problem(Tokens((Token("auditor", b"x" * 32),)), f"Bearer {secret}")
    assert found.status == 401 and "not known" in found.detail
    assert 'error="invalid_token", error_description="The token is unknown"' in found.headers["WWW-Authenticate"]
    assert secret not in f"{found} {found.headers} {found.body()}"
    assert problem(Tokens(()), f"Bearer {secret}").status == 401


def test_a_token_works_on_its_last_day_and_not_after(tmp_path: Path) -> None:
    secret, entry = new_token("auditor", expires=date(2026, 11, 23))
    known = read_tokens(written(tmp_path, entry))
    assert known.who(f"Bearer {secret}", TODAY).name == "auditor"
    found = problem(known, f"Bearer {secret}", date(2026, 11, 24))
    assert found.status == 401 and "expired after 2026-11-23" in found.detail
    assert 'error="invalid_token"' in found.headers["WWW-Authenticate"]


def test_all_tokens_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    made = [new_token(f"t{number}") for number in range(5)]
    known = Tokens(tuple(Token(f"t{number}", hashlib.sha256(secret.encode()).digest()) for number, (secret, _) in enumerate(made)))
    compared: list[bytes] = []
    really = hmac.compare_digest

    def compare(a: bytes, b: bytes) -> bool:
        compared.append(a)
        return really(a, b)

    monkeypatch.setattr("hmac.compare_digest", compare)
    assert known.who(f"Bearer {made[0][0]}", TODAY).name == "t0"
    assert compared == [token.digest for token in known.entries]


NAMED = f'[[token]]\nname = "a"\nsha256 = "{DIGEST}"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "lists no token"),
        ("token = []", "lists no token"),
        ("[[token]", "not valid TOML"),
        ("[[tokens]]", "no setting 'tokens'. Did you mean 'token'?"),
        ("[other]\n", "no setting 'other'. Known are token"),
        ('[token]\nname = "a"\n', "[[token]], in two brackets"),
        ("token = 1", "[[token]], in two brackets"),
        ("token = [1]", "[[token]], in two brackets"),
        (NAMED + "workspace = ['x']", "token 1: there is no setting 'workspace'. Did you mean 'workspaces'?"),
        (NAMED + "zzz = 1", "Known are name, sha256, workspaces, graphs, expires"),
        (f'[[token]]\nsha256 = "{DIGEST}"', "token 1: 'name' is missing"),
        (f'[[token]]\nname = "a\\nb"\nsha256 = "{DIGEST}"', "token 1: 'name' is missing or cannot be one"),
        (f'[[token]]\nname = ""\nsha256 = "{DIGEST}"', "'name' is missing or cannot be one"),
        ('[[token]]\nname = "a"', "token 'a': 'sha256' has to be 64 hexadecimal digits"),
        ('[[token]]\nname = "a"\nsha256 = "abc"', "64 hexadecimal digits"),
        (f'[[token]]\nname = "a"\nsha256 = "{"é" * 64}"', "64 hexadecimal digits"),
        (NAMED + NAMED.replace('"a"', '"b"').replace("ab", "AB"), f"two tokens have the sha256 '{DIGEST}'"),
        (NAMED + NAMED.replace(DIGEST, "cd" * 32), "two tokens have the name 'a'"),
        (NAMED + "workspaces = []", "leave 'workspaces' out"),
        (NAMED + 'workspaces = "x"', "'workspaces' has to list the names of workspaces"),
        (NAMED + 'workspaces = ["../x"]', "'workspaces' has to list"),
        (NAMED + "workspaces = [1]", "'workspaces' has to list"),
        (NAMED + 'graphs = ["risks.ttl"]', "'graphs' has to list the IRIs of graphs"),
        (NAMED + 'graphs = ["urn:x> "]', "'graphs' has to list"),
        (NAMED + "graphs = []", "leave 'graphs' out"),
        (NAMED + 'expires = "2027-01-31"', "without quotes, such as 2027-01-31"),
        (NAMED + "expires = 2027-01-31T00:00:00", "'expires' has to be a date"),
    ],
)
def test_mistakes_in_the_file_are_said(tmp_path: Path, text: str, said: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(InputError) as raised:
        read_tokens(path)
    assert str(raised.value).startswith(str(path)), raised.value
    assert said in str(raised.value)
    assert raised.value.advice


def test_a_secret_in_the_file_is_not_repeated(tmp_path: Path) -> None:
    secret, _ = new_token("a")
    with pytest.raises(InputError, match=r"'sha256' is the token itself\. It is no secret any more"):
        read_tokens(written(tmp_path, f'[[token]]\nname = "a"\nsha256 = "{secret}"'))
    for text in (f'[[token]]\nname = "a"\nsha256 = "{secret}"', NAMED + f"{secret} = 1", f"{secret} = 1"):
        with pytest.raises(InputError) as raised:
            read_tokens(written(tmp_path, text))
        assert secret not in str(raised.value)


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none.toml: the tokens cannot be read: No such file.*isms token"):
        read_tokens(tmp_path / "none.toml")
    (tmp_path / "x.toml").write_bytes(b"\xff")
    with pytest.raises(InputError, match="not UTF-8"):
        read_tokens(tmp_path / "x.toml")


@pytest.mark.parametrize(("mode", "fine"), [(0o600, True), (0o644, True), (0o620, False), (0o602, False), (0o666, False)])
def test_only_the_owner_may_write_to_the_file(tmp_path: Path, mode: int, fine: bool) -> None:
    path = written(tmp_path, NAMED, mode)
    if fine:
        assert read_tokens(path).entries[0].name == "a"
    else:
        with pytest.raises(InputError, match=f"let themselves in. Try: chmod go-w {re.escape(str(path))}"):
            read_tokens(path)


@pytest.mark.parametrize(
    ("name", "workspaces", "graphs"),
    [("", [], []), ("a b", [], []), ('a"', [], []), ("a\n", [], []), ("a" * 65, [], []), ("a", ["../x"], []), ("a", [""], []),
     ("a", [], ["x"]), ("a", [], ["urn:a b"]), ("a", [], ["urn:\udcff"])],
)  # fmt: skip
def test_what_no_entry_may_say(name: str, workspaces: list[str], graphs: list[str]) -> None:
    with pytest.raises(UsageError, match=r"\. [A-Z]"):
        new_token(name, workspaces, graphs)


def test_scrub() -> None:
    secret, _ = new_token("a")
    assert scrub(f"SELECT '{secret}' # {secret}\n") == "SELECT 'isms_***' # isms_***\n"
    assert scrub(f"x{secret}") == "xisms_***"
    assert scrub(secret[:-10]) == "isms_***", "a token that was cut"
    assert scrub(secret + "abc") == "isms_***"
    assert scrub("isms_graph and isms:Risk") == "isms_graph and isms:Risk"


def test_the_digest_is_not_shown() -> None:
    assert "digest" not in repr(Token("a", os.urandom(32)))
