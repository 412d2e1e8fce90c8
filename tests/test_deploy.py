"""The files of deploy/: what they have to say. scripts/container_steps.py does what the Containerfile says."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from isms_graph.cli.commands import serve

DEPLOY = Path(__file__).parent.parent / "deploy"
CONTAINER = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
UNIT = (DEPLOY / "isms-serve.service").read_text(encoding="utf-8")


def settings() -> dict[str, list[str]]:
    """The settings of the unit. Every line is a comment, a section or a setting."""
    found = defaultdict(list)
    for line in UNIT.splitlines():
        if line and not line.startswith(("#", "[")):
            name, equals, value = line.partition("=")
            assert equals and re.fullmatch(r"[A-Z]\w+", name), line
            found[name].append(value)
    assert re.findall(r"^\[(\w+)\]$", UNIT, re.MULTILINE) == ["Unit", "Service", "Install"]
    return found


def test_the_unit_confines_the_service() -> None:
    said = settings()
    for name in ("DynamicUser", "NoNewPrivileges", "PrivateTmp", "ProtectHome"):
        assert said[name] == ["yes"], name
    assert said["ProtectSystem"] == ["strict"]
    assert said["CapabilityBoundingSet"] == [""]
    assert said["Restart"] == ["on-failure"]
    assert said["MemoryMax"] and said["TasksMax"]


def test_the_unit_lets_the_server_do_what_it_needs() -> None:
    said = settings()
    assert set(said["RestrictAddressFamilies"][0].split()) == {"AF_UNIX", "AF_INET", "AF_INET6"}
    assert set(said["RestrictNamespaces"][0].split()) == {"net", "user"}
    assert said["SystemCallFilter"] == ["@system-service", "unshare"]
    credential = said["LoadCredential"][0].partition(":")[0]
    assert f"--tokens ${{CREDENTIALS_DIRECTORY}}/{credential} " in said["ExecStart"][0]


def test_commands_have_options_that_there_are() -> None:
    known = {option for parameter in serve.params for option in parameter.opts}
    for command in (settings()["ExecStart"][0], CONTAINER.rpartition("\nCMD ")[2]):
        used = set(re.findall(r"--[a-z-]+", command))
        assert "--tokens" in used and used <= known


def test_the_container_is_not_root_and_says_how_it_is() -> None:
    assert re.search(r"^USER 65534:65534$", CONTAINER, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK .*/healthz", CONTAINER, re.MULTILINE)
    assert re.search(r"^EXPOSE 8080$", CONTAINER, re.MULTILINE)
