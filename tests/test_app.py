"""The service put together: what it says when a round of chores fails, and what it is made of."""

import asyncio
import gc

import msgspec
import pytest

from newsletter.app import create_app, running, tidy
from newsletter.storage import Tx
from newsletter.web.kit.pages import Pages
from newsletter.web.server import Server
from tests.cast import SETTINGS
from tests.mail.conftest import eventually

BEN, SECRET = "ben@example.org", "eyJhbGciOiJIUzI1NiJ9-confirm"


async def trip(tx: Tx) -> None:
    await tx.run("INSERT INTO spent_proofs (nonce, expires_at) VALUES ('x', 0)")
    await tx.run(
        "CREATE TRIGGER trip BEFORE DELETE ON spent_proofs"
        f" BEGIN SELECT RAISE(ABORT, '{BEN} came by /confirm/{SECRET}'); END"
    )


async def test_a_round_of_chores_that_fails_names_nobody(
    sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings = msgspec.structs.replace(SETTINGS, database_url=sqlite_url)
    async with running(settings, worker=False, migrate=True) as site:
        await site.db.write(trip)
        chores = asyncio.create_task(tidy(site))

        async def told() -> bool:
            return "Tidying up failed" in caplog.text

        await eventually(told)
        chores.cancel()
        await asyncio.gather(chores, return_exceptions=True)
    assert "ConstraintError" in caplog.text
    assert "in forget_proofs" in caplog.text
    assert BEN not in caplog.text
    assert SECRET not in caplog.text


async def test_the_templates_are_read_once(sqlite_url: str) -> None:
    settings = msgspec.structs.replace(SETTINGS, database_url=sqlite_url)
    before = alive()
    async with Server(create_app(settings, worker=False), "127.0.0.1", 0):
        assert len(alive() - before) == 1


def alive() -> set[int]:
    return {id(one) for one in gc.get_objects() if isinstance(one, Pages)}
