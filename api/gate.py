"""Whose turn it is: so many queries run at the same time, so many wait, and one client does not take every place."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from .limits import Limits
from .problems import Problem


@dataclass
class Gate:
    """The places of one server. Those who wait are let in as they came, but for clients who have all their places."""

    limits: Limits
    running: Counter[str] = field(default_factory=Counter)
    waiting: list[tuple[str, asyncio.Future[None]]] = field(default_factory=list)

    @asynccontextmanager
    async def turn(self, client: str) -> AsyncIterator[None]:
        """A place while the context lasts. Raises Problem: 429 where too many wait, 503 if none became free in time."""
        await self._enter(client)
        try:
            yield
        finally:
            self._leave(client)

    async def _enter(self, client: str) -> None:
        if not self.waiting and self._free(client):
            self.running[client] += 1
            return
        own = sum(1 for other, _ in self.waiting if other == client)
        if len(self.waiting) >= self.limits.waiting or own >= max(self.limits.waiting // 2, 1):
            raise self._busy(429, "Too many requests wait for an answer already.")
        turn = asyncio.get_running_loop().create_future()
        self.waiting.append((client, turn))
        self._admit()
        try:
            await asyncio.wait_for(turn, self.limits.wait_seconds)
        except TimeoutError:
            if turn.done() and not turn.cancelled():  # the place came in the very moment in which the time was over
                return
            raise self._busy(503, f"No place to run the query became free within {self.limits.wait_seconds:g} seconds.") from None
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._leave(client)
            raise
        finally:
            self.waiting = [one for one in self.waiting if one[1] is not turn]

    def _free(self, client: str) -> bool:
        return self.running.total() < self.limits.running and self.running[client] < self.limits.per_client

    def _leave(self, client: str) -> None:
        self.running[client] -= 1
        if not self.running[client]:
            del self.running[client]
        self._admit()

    def _admit(self) -> None:
        """Let in all for whom there is a place."""
        for client, turn in self.waiting:
            if not turn.done() and self._free(client):
                self.running[client] += 1
                turn.set_result(None)

    def _busy(self, status: int, detail: str) -> Problem:
        seconds = max(round(self.limits.wait_seconds), 1)
        return Problem(status, detail, f"Try again in {seconds} seconds.", {"Retry-After": str(seconds)})
