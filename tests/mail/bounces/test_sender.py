"""The envelope sender says which message comes back, and nobody can make one up."""

import msgspec
import pytest

from newsletter.errors import SettingsError
from newsletter.ids import new_id
from newsletter.mail import Post
from newsletter.mail.bounces.sender import envelope_sender, row_of, tokens_in
from newsletter.settings import Settings, load
from newsletter.storage import Database
from newsletter.tokens import Tokens
from tests.conftest import ON_ONE
from tests.mail.conftest import ADA, CONTEXTS, AtWork, row, settled
from tests.mail.sink import Sink

DOMAIN = "bounces.example.com"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return msgspec.structs.replace(settings, bounce_domain=DOMAIN)


def test_it_fits_an_envelope_and_is_read_in_any_case(settings: Settings, tokens: Tokens) -> None:
    id = new_id()
    sender = envelope_sender(settings, tokens, id)
    local, _, domain = sender.partition("@")
    assert len(local) <= 64
    assert domain == DOMAIN
    for spelled in (sender, sender.upper(), sender.replace("+", "=2b")):
        (token,) = tokens_in(f"<{spelled}>".encode())
        assert row_of(tokens, token) == id


def test_nobody_can_make_one_up(settings: Settings, tokens: Tokens) -> None:
    (token,) = tokens_in(envelope_sender(settings, tokens, 41).encode())
    others = Tokens(["another-key-" + "k" * 32])
    (foreign,) = tokens_in(envelope_sender(settings, others, 41).encode())
    for forged in (foreign, token[:-3], "b" + token[1:], "a" * 45, "", "ä"):
        assert row_of(tokens, forged) is None


def test_without_a_bounce_domain_it_is_the_from_address(settings: Settings, tokens: Tokens) -> None:
    plain = msgspec.structs.replace(settings, bounce_domain="")
    assert envelope_sender(plain, tokens, 41) == "letters@example.com"


@ON_ONE
async def test_transactional_mail_leaves_with_it(
    db: Database, post: Post, sink: Sink, at_work: AtWork, tokens: Tokens
) -> None:
    async with at_work():
        await db.write(post.enqueue, "confirmation", ADA, context=CONTEXTS["confirmation"])
        await settled(db, "sent")
    (mail,) = sink.mails
    (token,) = tokens_in(mail.sender)
    assert row_of(tokens, token) == (await row(db)).id


def test_the_domain_is_a_domain() -> None:
    key = {"NEWSLETTER_SECRET_KEY": "k" * 32}
    assert load(key | {"NEWSLETTER_BOUNCE_DOMAIN": "Bounces.Example.com"}).bounce_domain == DOMAIN
    with pytest.raises(SettingsError, match="BOUNCE_DOMAIN must be a domain"):
        load(key | {"NEWSLETTER_BOUNCE_DOMAIN": "a b"})
