"""A step's mail as it arrives: by the worker, over real SMTP, as a broadcast's would."""

import re
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parsedate_to_datetime

import msgspec
import pytest

from newsletter import clock
from newsletter.app import working
from newsletter.storage import Database
from newsletter.tokens import Tokens
from newsletter.web.kit import sequencing
from tests.cast import build
from tests.conftest import Clock
from tests.mail.conftest import ADA, BEN, eventually
from tests.mail.sink import Mail, Sink
from tests.sequences.walking import Path


@pytest.fixture
async def on_wire(db: Database, clock: Clock, sink: Sink, path: Path) -> Path:
    settings = msgspec.structs.replace(path.site.settings, smtp_url=f"smtp://127.0.0.1:{sink.port}?tls=off")
    return Path((await build(db, settings)).site, db, clock)


def read(mail: Mail) -> EmailMessage:
    return message_from_bytes(mail.content, policy=SMTP)


async def test_it_comes_as_a_broadcast_does(on_wire: Path, sink: Sink) -> None:
    await on_wire.begins(("box", 0), box='Hello {{ first_name | "there" }}, **what** is in it?')
    ada = await on_wire.joins(ADA, "Ada Byron")
    begun = clock.moment(clock.now() - clock.MINUTE)

    async def came() -> bool:
        return any(read(mail)["Subject"] == "box" for mail in sink.mails)

    async with working(on_wire.site):
        await eventually(came, 30)
    (mail,) = [mail for mail in sink.mails if read(mail)["Subject"] == "box"]
    message = read(mail)
    assert mail.recipient.decode() == ADA
    plain, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert plain
    assert html
    assert "Hello Ada, *what* is in it?" in plain.get_content()
    assert ">what</strong> is in it?" in html.get_content()
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    leave = re.fullmatch(r"<http://localhost:8000/u/(\S+)>", message["List-Unsubscribe"])
    assert leave
    assert Tokens(on_wire.site.settings.secret_keys).read("unsubscribe", leave[1]) == (ada.id,)
    assert f"/u/{leave[1]}" in plain.get_content()
    assert parsedate_to_datetime(message["Date"]) > begun
    (row,) = [row for row in await on_wire.mails() if row.recipient == ADA and not row.message]
    assert row.message_id == message["Message-ID"]


async def test_who_leaves_while_it_waits_does_not_get_it(on_wire: Path, sink: Sink) -> None:
    await on_wire.begins(("box", 0))
    ada, ben = await on_wire.joins(ADA), await on_wire.joins(BEN)
    await sequencing.Rounds(on_wire.site).once()
    on_wire.clock.forward(1)
    await on_wire.leaves(ada.id)

    async def done() -> bool:
        return await on_wire.count("SELECT count(*) FROM outbox WHERE settled_at IS NULL") == 0

    async with working(on_wire.site):
        await eventually(done, 30)
    boxes = [mail.recipient.decode() for mail in sink.mails if read(mail)["Subject"] == "box"]
    assert boxes == [BEN]
    assert [one.subscriber_id for one in await on_wire.sent()] == [ada.id, ben.id]
    states = {row.state for row in await on_wire.mails("") if not row.message}
    assert states == {"skipped"}
