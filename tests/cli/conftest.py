from pathlib import Path

import pytest

from newsletter.storage import Database
from tests.cast import House, build
from tests.cli.machine import ADA, BEN, CLEO, OLGA, Machine


@pytest.fixture
async def house(db: Database) -> House:
    return await build(db)


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compiled")


@pytest.fixture
def machine(tmp_path: Path, sqlite_url: str, compiled: Path) -> Machine:
    """With a database in which Ada is active under a name that is a formula, Ben pending, Cleo gone."""
    machine = Machine(tmp_path, sqlite_url, compiled)
    machine.act(_cast)
    return machine


@pytest.fixture
def desk(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """The machine of Olga, who writes to many: Ada is her one active reader. Nothing is sent without a worker."""
    monkeypatch.chdir(machine.folder)
    machine.environment |= {
        "NEWSLETTER_POSTAL_ADDRESS": "Olga, 1 Quay, Porto",
        "NEWSLETTER_FROM": "Olga Writes <letters@example.org>",
        "NEWSLETTER_OWNER_EMAIL": OLGA,
        "NEWSLETTER_TIME_ZONE": "Europe/Lisbon",
        "NEWSLETTER_SMTP_URL": "smtp://127.0.0.1:9?tls=off",
    }
    return machine


async def _cast(house: House) -> None:
    await house.joins(ADA, "=1+1")
    await house.signs_up(BEN, "Ben")
    cleo = await house.joins(CLEO)
    await house.db.write(house.site.subscribers.unsubscribe, cleo.id, "test")
