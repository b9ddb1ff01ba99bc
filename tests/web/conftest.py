from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from newsletter.storage import Database
from tests.cast import House, build
from tests.conftest import Clock
from tests.web.doors import Doors, opened
from tests.web.stage import Service, serving

Serve = Callable[..., AbstractAsyncContextManager[Service]]


@pytest.fixture
async def house(db: Database) -> House:
    return await build(db)


@pytest.fixture
def serve(database_url: str, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Serve:
    """Starts the real service with some settings changed; its clock stands still until it is moved."""
    monkeypatch.setattr("newsletter.clock.time", SimpleNamespace(time_ns=lambda: clock.now() * 1_000_000))

    def start(**changes: Any) -> AbstractAsyncContextManager[Service]:
        return serving(database_url, tmp_path, clock, **changes)

    return start


@pytest.fixture
async def still(serve: Serve) -> AsyncIterator[Service]:
    """The service without its worker: no row moves by itself, and it is quicker to stop."""
    async with serve(worker=False) as running:
        yield running


@pytest.fixture
async def doors(still: Service) -> Doors:
    return await opened(still)


@pytest.fixture
async def service(serve: Serve) -> AsyncIterator[Service]:
    async with serve() as running:
        yield running
