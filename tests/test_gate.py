"""Whose turn it is, without a server."""

from __future__ import annotations

import asyncio
import random

import pytest
from isms_graph.api.gate import Gate
from isms_graph.api.limits import Limits
from isms_graph.api.problems import Problem


def gate(**limits: float) -> Gate:
    return Gate(Limits(**{"running": 2, "per_client": 1, "waiting": 4, "wait_seconds": 0.2, **limits}))


def test_a_client_waits_for_its_own_place_while_another_gets_one() -> None:
    async def run() -> list[str]:
        one, order = gate(), list[str]()

        async def use(client: str, seconds: float) -> None:
            async with one.turn(client):
                order.append(client)
                await asyncio.sleep(seconds)

        await asyncio.gather(use("a", 0.05), use("a", 0), use("b", 0))
        assert one.running.total() == 0
        return order

    assert asyncio.run(run()) == ["a", "b", "a"]


def test_too_many_and_too_late() -> None:
    async def run() -> list[int]:
        one = gate(running=1)

        async def use(client: str) -> int:
            try:
                async with one.turn(client):
                    await asyncio.sleep(0.4)
                return 200
            except Problem as problem:
                return int(problem.status) if problem.headers["Retry-After"] else 0

        return await asyncio.gather(*(use(client) for client in ("a", "b", "b", "b", "c", "d", "e")))

    assert asyncio.run(run()) == [200, 503, 503, 429, 503, 503, 429]


def test_a_place_that_comes_in_the_moment_in_which_the_time_is_over_is_not_lost() -> None:
    """From Python 3.12 on, wait_for raises TimeoutError then, although the place was given."""

    async def run() -> int:
        one = gate(running=1, per_client=1)
        for _ in range(20):
            hold = asyncio.Event()

            async def holding(hold: asyncio.Event = hold) -> None:
                async with one.turn("a"):
                    await hold.wait()

            async def waiting() -> None:
                try:
                    async with one.turn("b"):
                        pass
                except Problem:
                    pass

            first = asyncio.create_task(holding())
            await asyncio.sleep(0)
            second = asyncio.create_task(waiting())
            await asyncio.sleep(0)
            asyncio.get_running_loop().call_later(0.2, hold.set)
            await asyncio.gather(first, second)
        return int(one.running.total())

    assert asyncio.run(run()) == 0


@pytest.mark.parametrize("seed", range(5))
def test_no_place_is_lost_whoever_goes_away_when(seed: int) -> None:
    async def run() -> None:
        chance, one = random.Random(seed), gate(running=3, per_client=2, waiting=20, wait_seconds=0.02)  # noqa: S311

        async def use(client: str) -> None:
            try:
                async with one.turn(client):
                    await asyncio.sleep(chance.random() / 100)
            except Problem:
                pass

        tasks = []
        for number in range(300):
            tasks.append(asyncio.create_task(use(f"client {number % 5}")))
            await asyncio.sleep(chance.random() / 1000)
            if chance.random() < 0.4:
                chance.choice(tasks).cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert one.running.total() == 0
        assert one.waiting == []
        async with one.turn("last"):
            assert one.running == {"last": 1}

    asyncio.run(run())
