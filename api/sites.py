"""The workspaces of a server, each with the generation that answers now; a new one takes over when files or the day change."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from isms_graph.errors import InputError, IsmsError, UsageError
from isms_graph.sources import workspace
from isms_graph.watching import Signature, signature

from .generation import Generation, start
from .limits import Limits
from .problems import Problem

INTERVAL = 1.0  # seconds between two looks at the files


@dataclass
class Site:
    """A workspace. `trouble` says why the files cannot be loaded as they are now; what was loaded before answers then."""

    name: str
    paths: list[str]
    as_of: str | None
    scopes: list[list[str]]
    limits: Limits
    generation: Generation | None = None
    trouble: str = ""
    count: int = 0  # how many generations there have been
    on_end: Callable[[str], None] = lambda _: None
    _signature: Signature = field(default_factory=dict)
    _day: date = field(default_factory=date.today)

    @property
    def now(self) -> Generation:
        """The generation that answers. Raises Problem."""
        if self.generation is None or self.generation.ended.is_set():
            raise Problem(503, "The workspace is being loaded.", "Try again in a moment.", {"Retry-After": "1"})
        return self.generation

    async def load(self) -> None:
        """Load the workspace as it is now and let it take over. Raises InputError; what was loaded before then goes on."""
        self._signature, self._day = await asyncio.to_thread(self._look), date.today()
        spec: dict[str, Any] = {"name": self.name, "paths": self.paths, "as_of": self.as_of, "scopes": self.scopes}
        fresh = await start(spec, self.limits)
        fresh.on_end = self.on_end
        before, self.generation, self.trouble = self.generation, fresh, ""
        self.count += 1
        if before:
            before.close()

    async def watch(self) -> None:
        """Load again whenever something changed, until cancelled."""
        while True:
            await asyncio.sleep(INTERVAL)
            try:
                if await self._is_stale():
                    await asyncio.sleep(INTERVAL / 4)  # whoever writes the files may not be done
                    await self.load()
            except (IsmsError, Problem) as error:
                self._say(str(error))
            except Exception as error:  # noqa: BLE001 - whatever it was, the next change has to be seen
                self._say(f"{type(error).__name__}: {error}")

    def _say(self, trouble: str) -> None:
        if trouble != self.trouble:
            self.trouble = trouble
            print(f"{self.name}: not loaded again, the state before goes on: {trouble}", file=sys.stderr, flush=True)

    async def _is_stale(self) -> bool:
        if self.generation is None or self.generation.ended.is_set():
            return True
        if self.generation.facts["today"] and date.today() != self._day:
            return True
        return await asyncio.to_thread(self._look) != self._signature

    def _look(self) -> Signature:
        try:
            return signature(workspace.find([Path(path) for path in self.paths]))
        except (InputError, OSError):  # a file that went away between two looks; loading will say what is wrong
            return {}

    async def close(self) -> None:
        """End the keeper, once its workers have answered."""
        if self.generation:
            self.generation.close()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.limits.seconds + 1):
                    await self.generation.process.wait()
            if self.generation.process.returncode is None:
                self.generation.process.kill()


def named(given: Sequence[str]) -> list[tuple[str, list[str]]]:
    """The workspaces that the command line names, each with its paths: several folders are several workspaces.

    `NAME=FOLDER` gives a name; without it the folder's own is used. Files are one workspace together. Raises UsageError.
    """
    if not given or not any(Path(one.partition("=")[2] or one).is_dir() for one in given):
        return [(_slug(Path(given[0] if given else ".").resolve().name), list(given) or ["."])]
    found: dict[str, list[str]] = {}
    for one in given:
        name, equals, path = one.partition("=")
        if not equals or Path(one).exists():
            name, path = _slug(Path(one).resolve().name), one
        if name != _slug(name) or not name:
            raise UsageError(f"a workspace's name has letters, digits, '-', '_' and '.', unlike {name!r}.")
        if not Path(path).is_dir():
            raise UsageError(f"{path!r} is not a folder; several workspaces are given as folders.")
        if name in found:
            raise UsageError(f"two workspaces are called {name!r}; name one: other={path}.")
        found[name] = [path]
    return list(found.items())


def _slug(text: str) -> str:
    """The text as the name of a workspace: the part of a path, and what a token names."""
    return "".join(char if char.isascii() and (char.isalnum() or char in "-_.") else "-" for char in text).lstrip("-_.") or "workspace"
