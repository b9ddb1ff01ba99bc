import pytest

from newsletter.storage import Database
from tests.cast import House, build
from tests.conftest import Clock


class Ticking(Clock):
    """A millisecond later at each look: comments stand in the order in which they came."""

    def now(self) -> int:
        self.forward(1)
        return super().now()

    __call__ = now


@pytest.fixture
def clock() -> Clock:
    return Ticking()


@pytest.fixture
async def house(db: Database) -> House:
    return await build(db)
