"""What goes to many is signed, as another program reads it, and comes back to an address of its own."""

from pathlib import Path

import msgspec
import pytest

from newsletter.mail import Mailings, Tally
from newsletter.mail.bounces.sender import row_of, tokens_in
from newsletter.settings import Settings
from newsletter.storage import Database
from newsletter.tokens import Tokens
from tests.cast import SETTINGS
from tests.conftest import ON_ONE, Clock
from tests.mail.conftest import AtWork, eventually, rows, run
from tests.mail.keys import Keys
from tests.mail.mailing import sent_off
from tests.mail.sink import Sink
from tests.mail.test_mailings import through

pytestmark = ON_ONE


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path)


@pytest.fixture
def settings(keys: Keys) -> Settings:
    return msgspec.structs.replace(
        SETTINGS,
        from_email="letters@example.com",
        dkim_keys=keys.setting("rsa", "ed25519"),
        bounce_domain="back.example.com",
    )


async def test_each_is_signed_with_both_keys_and_can_come_back(
    db: Database, mailings: Mailings, at_work: AtWork, sink: Sink, keys: Keys, tokens: Tokens
) -> None:
    mailing_id = await sent_off(db, mailings, 40)
    async with at_work():
        assert await through(db, mailings, mailing_id) == Tally(sent=40)
    assert {tuple(keys.hold(mail.content)) for mail in sink.mails} == {(True, True)}
    changed = sink.mails[0].content.replace(b"A letter.", b"A lie.")
    assert keys.hold(changed) == [False, False]
    helpless = sink.mails[0].content.replace(b"List-Help: <mailto:letters@", b"List-Help: <mailto:mallory@")
    assert helpless != sink.mails[0].content
    assert keys.hold(helpless) == [False, False]
    ids = {one.id: one.recipient for one in await rows(db)}
    for mail in sink.mails:
        (token,) = tokens_in(mail.sender)
        assert mail.sender.endswith(b"@back.example.com")
        assert ids[row_of(tokens, token) or 0] == mail.recipient.decode()


async def test_sent_again_it_is_the_same_to_the_byte(
    db: Database, mailings: Mailings, at_work: AtWork, sink: Sink, clock: Clock
) -> None:
    mailing_id = await sent_off(db, mailings, 1)
    async with at_work():
        await through(db, mailings, mailing_id)
        clock.forward()
        await run(db, "UPDATE outbox SET state = 'queued', not_before = 0")

        async def twice() -> bool:
            return len(sink.mails) == 2

        await eventually(twice)
    assert sink.mails[0].content == sink.mails[1].content
