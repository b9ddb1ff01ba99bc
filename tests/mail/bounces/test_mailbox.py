"""What comes back to a mailbox is read there by IMAP and by POP, from a real server, and is deleted when it is kept."""

import ssl
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from newsletter.errors import SettingsError, Unavailable
from newsletter.ids import new_id
from newsletter.mail.bounces import mailbox
from newsletter.mail.bounces.mailbox import Trouble, read_url
from newsletter.mail.bounces.sender import envelope_sender
from newsletter.storage import Database, Tx
from newsletter.web.kit.fetching_mail import Poll, Round
from tests.cast import SETTINGS, House, build
from tests.conftest import ON_ONE
from tests.mail.bounces.dovecot import Dovecot, dovecot
from tests.mail.sink import client_tls

ADA = "ada@example.net"
SAMPLES = Path(__file__).parent / "samples"
SET = msgspec.structs.replace(SETTINGS, bounce_domain="bounces.example.org")


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with dovecot() as running:
        yield running


@pytest.fixture
async def house(db: Database) -> House:
    return await build(db, SET)


async def bounce(house: House, sample: str = "hard-postfix-unknown") -> bytes:
    """Of a mail to Ada that has left."""
    person, id = await house.joins(ADA), new_id()

    async def leaves(tx: Tx) -> None:
        await tx.run(
            """INSERT INTO outbox (id, message, priority, subscriber_id, recipient, context, message_id, state,
                                   not_before, created_at, settled_at)
               VALUES (:id, 'guide', 0, :person, :email, '{}', 'x', 'sent', 0, :now, :now)""",
            id=id, person=person.id, email=ADA, now=tx.now,
        )  # fmt: skip

    await house.db.write(leaves)
    token = envelope_sender(SET, house.site.tokens, id).partition("+")[2].partition("@")[0]
    return (SAMPLES / f"{sample}.eml").read_bytes().replace(b"{token}", token.encode())


@ON_ONE
@pytest.mark.parametrize("scheme", ["imaps", "pop3s", "imap", "pop3"])
async def test_each_is_taken_once_and_then_deleted(house: House, server: Dovecot, scheme: str) -> None:
    for name in server.holds():
        (server.folder / "mail" / "new" / name).unlink(missing_ok=True)
        for left in (server.folder / "mail" / "cur").glob(f"{name}*"):
            left.unlink()
    polling = Poll(house.site, read_url(server.url(scheme)), client_tls())
    assert await polling.once() == Round(0, 0)
    server.delivers(f"1.{scheme}", b"From: ben@example.org\nSubject: Hello\n\n.\n" + b"x" * 900 + b"\n")
    server.delivers(f"2.{scheme}", await bounce(house))
    server.delivers(f"3.{scheme}", b"Subject: large\n\n" + b"y" * 70 + b"\n" + b"0123456789\n" * 200_000)
    server.delivers(f"4.{scheme}", await bounce(house, "auto-vacation-3834"))
    done = await polling.once()
    assert (done.read, done.taken) == (4, 2 if b"{token}" in sample("auto-vacation-3834") else 1)
    assert (await house.person(ADA)).status == "bounced"
    assert f"2.{scheme}" not in server.holds()
    assert {f"1.{scheme}", f"3.{scheme}"} <= {*server.holds()}
    assert await polling.once() == Round(0, 0), "what is nothing of ours is not read again"
    assert await house.count("SELECT count(*) FROM bounces") == 1


def sample(name: str) -> bytes:
    return (SAMPLES / f"{name}.eml").read_bytes()


@ON_ONE
async def test_a_server_that_can_do_little_is_asked_for_no_more(house: House) -> None:
    """No UID EXPUNGE: what was taken is marked for whoever empties it. No keywords: a person's mail is remembered."""
    with dovecot("protocol imap {\n imap_capability = IMAP4rev1\n}\nmail_max_keyword_length = 9\n") as plain:
        url = read_url(plain.url("imap"))
        polling = Poll(house.site, url)
        plain.delivers("1.taken", await bounce(house))
        plain.delivers("2.passed", b"Subject: Hello\n\n.\n")
        assert await polling.once() == Round(2, 1)
        assert (await house.person(ADA)).status == "bounced"
        assert await polling.once() == Round(0, 0)
        assert plain.holds() == ["1.taken", "2.passed"]
        ((marked,), (left,)) = ([*(plain.folder / "mail").glob(f"cur/{name}*")] for name in plain.holds())
        assert (marked.name[-1], left.name[-1]) == ("T", ",")
        assert await Poll(house.site, url).once() == Round(1, 0), "by another process it is read once more"


def test_a_server_that_goes_away_is_said_to() -> None:
    with dovecot() as server:
        url = read_url(server.url("imap"))
        box = mailbox.opened(url, client_tls(), set())

    def until_it_is_gone() -> None:
        while True:
            box.waiting()

    with pytest.raises(Trouble, match=f"localhost:{url.port} can’t be read: it closed the connection"):
        mailbox.troubled(url, until_it_is_gone)
    with suppress(Trouble):
        mailbox.troubled(url, box.close)


@ON_ONE
async def test_what_can_t_be_kept_now_stays_there(house: House, server: Dovecot) -> None:
    server.delivers("5.away", await bounce(house))

    polling = Poll(house.site, read_url(server.url("imaps")), client_tls())
    await house.site.db.close()
    with pytest.raises(Unavailable):
        await polling.once()
    assert "5.away" in server.holds()


@ON_ONE
async def test_what_is_wrong_is_said_without_the_password(house: House, server: Dovecot) -> None:
    def poll(url: str, trusts: ssl.SSLContext) -> Poll:
        return Poll(house.site, read_url(url), trusts)

    for url, trusts, why in (
        (server.url("imaps", "wrong"), client_tls(), "refuses the name, the password"),
        (server.url("pop3s", "wrong"), client_tls(), "refuses the name, the password"),
        (server.url("imaps", folder="None"), client_tls(), "the folder"),
        (server.url("imaps"), ssl.create_default_context(), "TLS can’t be trusted"),
        ("imaps://a:secret@localhost:9", client_tls(), "can’t be read"),
    ):
        with pytest.raises(Trouble, match=why) as raised:
            await poll(url, trusts).once()
        assert "secret" not in str(raised.value)
        assert "wrong" not in str(raised.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://a:b@mail.example.org", "imaps://mail.example.org", "imaps://a:@mail.example.org",
        "imap://a:secret@mail.example.org", "imaps://a:secret@mail.example.org?tls=off", "imaps://a:b%0d@mail.example.org",
        "imaps://a:b@mail.example.org:x",
    ],
)  # fmt: skip
def test_only_what_can_be_used_is_taken(url: str) -> None:
    with pytest.raises(SettingsError, match="BOUNCE_MAILBOX") as raised:
        read_url(url)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(("scheme", "port"), [("imaps", 993), ("pop3s", 995), ("imap", 143), ("pop3", 110)])
def test_each_way_has_its_port(scheme: str, port: int) -> None:
    assert read_url(f"{scheme}://a:b@localhost").port == port
    assert read_url(f"{scheme}://a:b@localhost:99").port == 99


def test_of_a_huge_one_pop_hands_over_only_its_first_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox, "_LINES", 5)
    monkeypatch.setattr(mailbox, "LARGEST", 500)
    with dovecot() as server:
        server.delivers("1.large", b"Subject: large\n\n" + b"x\n" * 600)
        server.delivers("2.huge", b"Subject: huge\n\n" + b"x\n" * 3_000)
        box = mailbox.opened(read_url(server.url("pop3")), client_tls(), set())
        huge, large = sorted(box.fetch(name) for name in box.waiting())  # by their subjects
        box.close()
    assert (len(large), huge.count(b"x")) == (500, 5)


def test_an_answer_is_known_by_its_address() -> None:
    raw = b"Delivered-To: reply+abc.def@Bounces.example.org\nFrom: ada@example.org\n\nI agree.\n"
    assert mailbox.letter(raw, "bounces.example.org").answers == "reply+abc.def@Bounces.example.org"
    assert mailbox.letter(raw, "").answers == ""
    assert mailbox.letter(raw.replace(b"B", b"b"), "other.example.org").answers == ""
