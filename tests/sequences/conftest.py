"""What the tests of sequences share: an owner with a sequence on each engine, a clock, and a mail server."""

import msgspec
import pytest

from newsletter.storage import Database
from tests.cast import SETTINGS, build
from tests.conftest import Clock
from tests.mail.conftest import OLGA, sink
from tests.sequences.walking import Path

__all__ = ["sink"]  # a fixture


@pytest.fixture
async def path(db: Database, clock: Clock) -> Path:
    """Its clock stands still and no worker runs; what is sent is told to be taken at once."""
    house = await build(db, msgspec.structs.replace(SETTINGS, owner_email=OLGA))
    return Path(house.site, db, clock)
