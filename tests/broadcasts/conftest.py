"""What the tests of broadcasts share: an owner's desk on each engine, and a mail server."""

import msgspec
import pytest

from newsletter.storage import Database
from tests.broadcasts.writing import OLGA, Desk
from tests.cast import SETTINGS, build
from tests.mail.conftest import sink
from tests.mail.sink import Sink

__all__ = ["sink"]  # a fixture


@pytest.fixture
async def desk(db: Database, sink: Sink) -> Desk:
    """Its clock stands still, its relay is the sink, and no worker runs."""
    settings = msgspec.structs.replace(
        SETTINGS,
        owner_email=OLGA,
        time_zone="Europe/Lisbon",
        smtp_url=f"smtp://127.0.0.1:{sink.port}?tls=off",
    )
    house = await build(db, settings)
    return Desk(house.site, db)
