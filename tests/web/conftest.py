"""The real service, for one test or for all of a file."""

import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from types import SimpleNamespace

import pytest
import pytest_asyncio

from newsletter.storage import Database
from tests.cast import House, build
from tests.conftest import Clock
from tests.pictures import png
from tests.postgres import Databases
from tests.web.doors import Doors, opened
from tests.web.stage import Stage, serving

ON_BOTH = {"test_flow.py", "test_comments.py", "test_meanwhile.py", "test_ready.py", "test_full.py"}
"""Of a page's tests those that a database has a say in. All of them run on PostgreSQL when only its tests do
(`pytest -m postgres`), as .ci/run has it."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.option.markexpr:
        return
    here = Path(__file__).parent
    left = {
        item
        for item in items
        if item.path.parent == here and item.get_closest_marker("postgres") and item.path.name not in ON_BOTH
    }
    items[:] = [item for item in items if item not in left]
    config.hook.pytest_deselected(items=list(left))


Serve = Callable[..., AbstractAsyncContextManager[Stage]]


@pytest.fixture
async def house(db: Database) -> House:
    return await build(db)


def set_clock(patch: pytest.MonkeyPatch, clock: Clock) -> None:
    """All of the service reads its clock through this one door; on PostgreSQL it does not go by the server's then."""
    patch.setattr("newsletter.clock.time", SimpleNamespace(time_ns=lambda: clock.now() * 1_000_000))
    patch.setattr("newsletter.clock.follow", lambda _ahead: None)


@pytest.fixture
def serve(database_url: str, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Serve:
    """Starts the service with some settings changed; its clock stands still until it is moved."""
    set_clock(monkeypatch, clock)
    return lambda **changes: serving(database_url, tmp_path, clock, **changes)


@pytest.fixture
async def service(serve: Serve) -> AsyncIterator[Stage]:
    async with serve() as running:
        yield running


@pytest.fixture
async def still(serve: Serve) -> AsyncIterator[Stage]:
    """The service without its worker: no row moves by itself, and it is quicker to stop."""
    async with serve(worker=False) as running:
        yield running


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def lasting_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A migrated database for all tests of a file."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("lasting") / "newsletter.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    databases: Databases = request.getfixturevalue("postgres")
    name = databases.lend()
    yield databases.url(name)
    databases.take_back(name)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def doors(lasting_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Doors]:
    """One service for all tests of a file that change nothing; they run in its loop."""
    clock, folder = Clock(), tmp_path_factory.mktemp("mail")
    logo = png(folder / "logo.png", 96, 96)
    with pytest.MonkeyPatch.context() as patch:
        set_clock(patch, clock)
        async with serving(lasting_url, folder, clock, worker=False, logo=logo) as running:
            yield await opened(running)
