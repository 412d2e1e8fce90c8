"""Without tokens a server is for this machine only, also if a web page gives it another name."""

from __future__ import annotations

import pytest

from isms_graph.api.hosts import guard, may_bind
from isms_graph.api.problems import Problem
from isms_graph.errors import UsageError

ANY = "0.0.0.0"  # noqa: S104 - nothing is bound
OURS = ["localhost", "localhost:8080", "LocalHost:1", "127.0.0.1", "127.0.0.1:8080", "127.8.9.1:80", "[::1]", "[::1]:8080"]
STRANGE = [
    ANY, None, "", "evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example", "localhost@evil.example",
    "evil.example#localhost", "0.0.0.0:8080", "0.0.0.1", "192.168.0.1", "128.0.0.1", "[::]", "[::2]:80", "::1", "127.1", "2130706433",
    "localhost:8080:1", "localhost:x", "localhost:", " localhost", "localhost ", "localhost\n", "[localhost]", "[::1", "localhost/",
    ":8080",
]  # fmt: skip


@pytest.mark.parametrize("host", OURS)
def test_this_machine_is_answered_to(host: str) -> None:
    guard(host, False)
    guard(host, False, ["isms.example.org"])
    guard(host, True, ["isms.example.org"])


@pytest.mark.parametrize("host", STRANGE)
def test_other_names_are_not_answered_to(host: str | None) -> None:
    for tokens, allowed in ((False, []), (False, ["isms.example.org"]), (True, ["isms.example.org"])):
        with pytest.raises(Problem) as raised:
            guard(host, tokens, allowed)
        assert raised.value.status == 421
        assert raised.value.advice


def test_names_that_the_operator_allows() -> None:
    for tokens in (False, True):
        guard("isms.example.org", tokens, ["ISMS.example.org"])
        guard("Isms.Example.org:443", tokens, ["other", "isms.example.org"])
        guard("[fd00::1]:443", tokens, ["fd00::1"])
        guard("[fd00::1]:443", tokens, ["[FD00::1]"])
        with pytest.raises(Problem):
            guard("sub.isms.example.org", tokens, ["isms.example.org"])


@pytest.mark.parametrize("host", STRANGE)
def test_with_tokens_any_name_will_do(host: str | None) -> None:
    guard(host, True)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.3.2.1", "::1"])
def test_loopback_may_be_bound(host: str) -> None:
    may_bind(host, tokens=False)


@pytest.mark.parametrize("host", [ANY, "::", "", "192.168.0.1", "example.org", "localhost.example.org", "128.0.0.1", "::ffff:10.0.0.1"])
def test_other_addresses_need_tokens(host: str) -> None:
    may_bind(host, tokens=True)
    with pytest.raises(UsageError, match=r"this machine only.*isms token NAME"):
        may_bind(host, tokens=False)
