import pytest

from newsletter.storage import Database
from tests.cast import House, build


@pytest.fixture
async def house(db: Database) -> House:
    return await build(db)
