"""Where the links of a mail to many lead: each reader's own, and the site's for whoever only looks at a sample."""

from email import message_from_bytes, policy
from email.headerregistry import Address

from newsletter.mail import Mailings, Recipient
from newsletter.mail.bulk import freeze
from newsletter.mail.merge import PREFERENCES, UNSUBSCRIBE, Marks
from newsletter.settings import Settings
from newsletter.storage import Database
from newsletter.tokens import Tokens
from tests.conftest import NOON
from tests.mail.conftest import OLGA, AtWork, run, settled
from tests.mail.mailing import people
from tests.mail.sink import Sink


def content(*, preferences: bool) -> bytes:
    """Says where to leave, and where one's preferences are."""
    marks = Marks()
    plain = f"Leave: {marks.link(UNSUBSCRIBE)}\n"
    if preferences:
        plain += f"Preferences: {marks.link(PREFERENCES)}\n"
    return freeze(
        sender=Address("Olga Writes", addr_spec="letters@example.com"),
        list_id="newsletter.example.com",
        date=NOON,
        marks=marks,
        subject="On work",
        plain=plain,
        html="<p>A letter.</p>\n",
    ).to_bytes()


async def said(
    db: Database, mailings: Mailings, at_work: AtWork, sink: Sink, raw: bytes, to: Recipient
) -> tuple[str, list[str]]:
    """The header to leave by, and the links in the text, of the mail that comes."""
    mailing_id: int = await db.write(mailings.start, raw)
    await db.write(mailings.fill, mailing_id, [to])
    async with at_work():
        await settled(db, "sent")
    (mail,) = sink.mails
    message = message_from_bytes(mail.content, policy=policy.default)
    body = message.get_body(("plain",))
    assert body is not None
    lines = body.get_content().splitlines()
    return str(message["List-Unsubscribe"]), [line.partition(": ")[2] for line in lines if line]


async def test_a_reader_s_are_their_own(
    db: Database, mailings: Mailings, at_work: AtWork, sink: Sink, settings: Settings, tokens: Tokens
) -> None:
    (reader,) = await people(db, 1)
    await run(db, "UPDATE subscribers SET epoch = 3 WHERE id = 1")
    header, (leave, preferences) = await said(db, mailings, at_work, sink, content(preferences=True), reader)
    assert header == f"<{leave}>"
    assert leave == f"{settings.public_url}/u/{tokens.make('unsubscribe', 1)}"
    assert preferences == f"{settings.public_url}/preferences/{tokens.make('preferences', 1, 3, now=NOON)}"


async def test_a_mail_that_does_not_speak_of_preferences_says_where_to_leave(
    db: Database, mailings: Mailings, at_work: AtWork, sink: Sink, settings: Settings, tokens: Tokens
) -> None:
    (reader,) = await people(db, 1)
    _, links = await said(db, mailings, at_work, sink, content(preferences=False), reader)
    assert links == [f"{settings.public_url}/u/{tokens.make('unsubscribe', 1)}"]


async def test_a_sample_s_lead_to_the_site_and_sign_nobody_off(
    db: Database, mailings: Mailings, at_work: AtWork, sink: Sink, settings: Settings
) -> None:
    header, links = await said(db, mailings, at_work, sink, content(preferences=True), Recipient(None, OLGA))
    assert header == f"<{settings.public_url}>"
    assert links == [settings.public_url] * 2
