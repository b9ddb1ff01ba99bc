"""Providers that send for us tell what came back: each is believed by what it proves, once, and nobody else is."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from newsletter.clock import DAY, HOUR
from newsletter.errors import SettingsError, Unavailable
from newsletter.ids import new_id
from newsletter.mail.bounces.sender import envelope_sender
from newsletter.settings import load
from newsletter.storage import Database, Tx
from newsletter.web.hooks.door import WRONG, Door
from newsletter.web.hooks.fetching import Fetch
from tests.cast import SETTINGS, House, build
from tests.conftest import NOON, ON_ONE, Clock
from tests.web.conftest import Serve, set_clock
from tests.web.hooks import signing
from tests.web.hooks.signing import CURVE_KEY, SECRET, TOPIC, Sns, by_mailgun, by_password, by_sendgrid, here

ADA, BEN = "ada@example.net", "ben@example.net"
GONE = "550 5.1.1 <ada@example.net>: user unknown"
HOOKS = (
    f"ses={TOPIC}", f"postmark={SECRET}", f"brevo={SECRET}", f"mailgun={SECRET}", f"sendgrid={CURVE_KEY}",
)  # fmt: skip
SET = msgspec.structs.replace(SETTINGS, bounce_hooks=HOOKS, bounce_domain="bounces.example.org")


@pytest.fixture(scope="module")
def sns() -> Sns:
    return Sns()


@pytest.fixture
async def house(db: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> House:
    set_clock(monkeypatch, clock)
    return await build(db, SET)


@asynccontextmanager
async def calling(house: House, fetch: Fetch | None = None) -> AsyncIterator[httpx.AsyncClient]:
    door = Door(house.site, fetch or Fetch(resolve=here))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(door), base_url="https://news.example.org/hooks/bounces"
    ) as client:
        yield client


async def mailed(house: House, email: str) -> tuple[int, str]:
    """The number and Message-ID of a mail that has left."""
    person, id = await house.person(email), new_id()
    message_id = f"<{id}@letters.example.org>"

    async def act(tx: Tx) -> None:
        await tx.run(
            """INSERT INTO outbox (id, message, priority, subscriber_id, recipient, context, message_id, state,
                                   not_before, created_at, settled_at, reply)
               VALUES (:id, 'guide', 0, :person, :email, '{}', :message_id, 'sent', 0, :now, :now, '250 ok')""",
            id=id, person=person.id, email=email, message_id=message_id, now=tx.now,
        )  # fmt: skip

    await house.db.write(act)
    return id, message_id


def bounced(**changes: Any) -> dict[str, Any]:
    bounce = {
        "bounceType": "Permanent",
        "bounceSubType": "General",
        "bouncedRecipients": [{"emailAddress": ADA, "status": "5.1.1", "diagnosticCode": f"smtp; {GONE}"}],
    }
    return {
        "notificationType": "Bounce",
        "bounce": bounce | changes,
        "mail": {"source": "a@example.org", "headers": []},
    }


async def standing(house: House, email: str = ADA) -> str:
    return (await house.person(email)).status


def of_each(message_id: str) -> dict[str, tuple[bytes, dict[str, str]]]:
    """A hard bounce of Ada’s as four providers tell it."""
    mailgun = {
        "event": "failed", "severity": "permanent", "reason": "bounce", "id": "e-1", "recipient": ADA,
        "delivery-status": {"code": 550, "message": "5.1.1 user unknown", "enhanced-code": "5.1.1"},
        "message": {"headers": {"message-id": message_id.strip("<>")}},
    }  # fmt: skip
    sendgrid = {
        "event": "bounce", "type": "bounce", "status": "5.1.1", "reason": GONE, "email": ADA,
        "sg_event_id": "e-1", "smtp-id": message_id,
    }  # fmt: skip
    postmark = {
        "RecordType": "Bounce", "Type": "HardBounce", "TypeCode": 1, "ID": 42, "Email": ADA, "Details": GONE,
    }  # fmt: skip
    brevo = {
        "event": "hard_bounce", "email": ADA, "message-id": message_id, "ts_event": 1768478400, "reason": GONE,
    }  # fmt: skip
    return {
        "mailgun": (by_mailgun(mailgun), {}),
        "sendgrid": by_sendgrid([sendgrid, {"event": "delivered", "email": BEN}]),
        "postmark": (json.dumps(postmark).encode(), by_password()),
        "brevo": (json.dumps(brevo).encode(), {"Authorization": f"Bearer {SECRET}"}),
    }


@pytest.mark.parametrize("provider", ["mailgun", "sendgrid", "postmark", "brevo"])
async def test_a_bounce_is_believed_once(house: House, provider: str) -> None:
    await house.joins(ADA)
    await house.joins(BEN)
    row_id, message_id = await mailed(house, ADA)
    await mailed(house, ADA)
    body, headers = of_each(message_id)[provider]
    async with calling(house) as provider_s:
        answer = await provider_s.post(f"/{provider}", content=body, headers=headers)
        assert (answer.status_code, answer.json()) == (200, {"events": 1, "new": 1})
        again = await provider_s.post(f"/{provider}", content=body, headers=headers)
        assert (again.status_code, again.json()) == (200, {"events": 1, "new": 0})
    assert await standing(house) == "bounced"
    assert await standing(house, BEN) == "active"
    assert await house.count("SELECT count(*) FROM bounces") == 1
    if provider != "postmark":  # which tells no Message-ID of ours: the newest is meant
        assert await house.count("SELECT outbox_id FROM bounces") == row_id


@ON_ONE
@pytest.mark.parametrize("provider", ["mailgun", "sendgrid", "postmark", "brevo"])
async def test_a_forged_one_changes_nothing(house: House, provider: str) -> None:
    await house.joins(ADA)
    _, message_id = await mailed(house, ADA)
    body, headers = of_each(message_id)[provider]
    forged = {
        "mailgun": (by_mailgun({"event": "complained", "recipient": ADA}, key="another" * 4), {}),
        "sendgrid": (body + b" ", headers),
        "postmark": (body, by_password("another" * 4)),
        "brevo": (body, {}),
    }[provider]
    async with calling(house) as stranger:
        answer = await stranger.post(f"/{provider}", content=forged[0], headers=forged[1])
        assert answer.status_code == 403
        assert "not signed" in answer.json()["detail"]
        assert (await stranger.post(f"/{provider}", content=b"\xff{", headers=headers)).status_code in (
            403,
            422,
        )
    assert await standing(house) == "active"
    assert await house.count("SELECT count(*) FROM bounces") == 0


@ON_ONE
async def test_what_was_signed_long_ago_is_refused_and_a_token_counts_once(
    house: House, clock: Clock
) -> None:
    await house.joins(ADA)
    await mailed(house, ADA)
    opened = by_mailgun({"event": "opened", "recipient": ADA})
    complains = json.loads(opened) | {"event-data": {"event": "complained", "recipient": ADA}}
    async with calling(house) as provider_s:
        assert (await provider_s.post("/mailgun", content=opened)).json() == {"events": 1, "new": 0}
        stolen = await provider_s.post("/mailgun", content=json.dumps(complains))
        assert stolen.json() == {"events": 1, "new": 0}
        clock.forward(3 * DAY)
        old = by_mailgun(complains["event-data"], "t-2")
        assert (await provider_s.post("/mailgun", content=old)).status_code == 403
        body, headers = by_sendgrid([{"event": "spamreport", "email": ADA, "sg_event_id": "e-2"}])
        assert (await provider_s.post("/sendgrid", content=body, headers=headers)).status_code == 403
    assert await standing(house) == "active"


@ON_ONE
@pytest.mark.parametrize("version", ["1", "2"])
async def test_sns_is_believed_by_its_certificate(
    house: House, sns: Sns, tmp_path: Path, version: str
) -> None:
    await house.joins(ADA)
    await house.joins(BEN)
    row_id, _ = await mailed(house, ADA)
    told = bounced()
    told["mail"]["source"] = envelope_sender(SET, house.site.tokens, row_id)
    told["bounce"]["bouncedRecipients"][0]["emailAddress"] = BEN  # rewritten: the signed sender counts
    sns.asked.clear()
    async with sns.served(tmp_path) as fetch, calling(house, fetch) as client:
        for _ in range(2):
            body = sns.message(told, SignatureVersion=version, Subject="Bounced")
            assert (await client.post("/ses", content=body)).status_code == 200
    assert sns.asked == ["/SimpleNotificationService-0123456789abcdef.pem"]  # which is kept
    assert (await standing(house), await standing(house, BEN)) == ("bounced", "active")


@ON_ONE
async def test_what_sns_did_not_sign_is_refused_and_nothing_is_fetched_for_it(
    house: House, sns: Sns, tmp_path: Path
) -> None:
    await house.joins(ADA)
    await mailed(house, ADA)
    other = Sns()
    elsewhere = (
        "https://evil.example/SimpleNotificationService-0123456789abcdef.pem",
        "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-1.amazonaws.com/bucket/SimpleNotificationService-0123456789abcdef.pem",
    )
    sns.asked.clear()
    async with sns.served(tmp_path) as fetch, calling(house, fetch) as client:
        for url in elsewhere:
            answer = await client.post("/ses", content=other.message(bounced(), SigningCertURL=url))
            assert answer.status_code == 403, url
        foreign = sns.message(bounced(), TopicArn=TOPIC + "2")
        assert (await client.post("/ses", content=foreign)).status_code == 403
        assert (await client.post("/ses", content=json.dumps(bounced()))).status_code == 422
        assert sns.asked == []
        for forged in (
            other.message(bounced()),
            sns.message(bounced(), Signature="AAAA"),
            sns.message(bounced(), at=NOON - 3 * DAY),
            sns.message(bounced(), SignatureVersion="3"),
        ):
            assert (await client.post("/ses", content=forged)).status_code == 403
    assert await standing(house) == "active"


@ON_ONE
async def test_a_subscription_is_confirmed_for_the_owner_s_topic_only(
    house: House, sns: Sns, tmp_path: Path
) -> None:
    asks: dict[str, Any] = {
        "Type": "SubscriptionConfirmation",
        "Token": "abc123",
        "SubscribeURL": "https://evil.example/",
    }
    sns.asked.clear()
    async with sns.served(tmp_path) as fetch, calling(house, fetch) as client:
        foreign = sns.message("Confirm", **asks, TopicArn=TOPIC + "2")
        assert (await client.post("/ses", content=foreign)).status_code == 403
        assert sns.asked == []
        assert (await client.post("/ses", content=sns.message("Confirm", **asks))).status_code == 200
    assert sns.asked[1:] == [
        "/?Action=ConfirmSubscription&TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A123456789012%3Abounces&Token=abc123"
    ]


async def test_what_is_fetched_is_bounded_and_public(sns: Sns, tmp_path: Path) -> None:
    async with sns.served(tmp_path) as fetch:
        assert await fetch.get(signing.HOST, "/x") == sns.certificate
        with pytest.raises(Unavailable):  # 127.0.0.1 is nobody's on the Internet
            await Fetch(fetch.trusts, here, port=fetch.port).get(signing.HOST, "/x")
        with pytest.raises(Unavailable):  # the certificate is another name's
            await fetch.get("sns.us-east-1.amazonaws.com", "/x")
        for answer in (
            b"HTTP/1.1 302 Found\r\nLocation: https://evil.example/\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + b"x" * 200_000,
            b"220 smtp.example.org\r\n",
        ):
            sns.answer = answer
            with pytest.raises(Unavailable):
                await fetch.get(signing.HOST, "/x")
        sns.answer = b""


@ON_ONE
async def test_who_is_set_up_is_known_and_all_others_are_not(serve: Serve) -> None:
    async with serve(worker=False, bounce_hooks=(f"postmark={SECRET}",)) as service:
        web = await service.visitor()
        for unknown in ("mailgun", "none", "", "postmark/x"):
            assert (await web.post(f"/hooks/bounces/{unknown}", content=b"{}")).status_code == 404
        for method in ("GET", "HEAD", "PUT"):
            assert (await web.request(method, "/hooks/bounces/postmark")).status_code == 405
        large = await web.post("/hooks/bounces/postmark", content=b" " * 1_100_000, headers=by_password())
        assert large.status_code == 413
        for _ in range(WRONG):
            answer = await web.post("/hooks/bounces/postmark", content=b"{}")
        assert answer.status_code == 403
        assert (await web.post("/hooks/bounces/postmark", content=b"{}")).status_code == 429
        service.clock.forward(HOUR)


@pytest.mark.parametrize(
    "wrong", ["gmail=abc", "mailgun=short", "ses=arn:aws:sns:x:bounces", f"ses={SECRET}"]
)
def test_what_can_t_be_used_is_named_without_the_secret(wrong: str) -> None:
    with pytest.raises(SettingsError, match="BOUNCE_HOOKS") as raised:
        load({"NEWSLETTER_SECRET_KEY": "k" * 32, "NEWSLETTER_BOUNCE_HOOKS": wrong})
    assert wrong.partition("=")[2] not in str(raised.value) or wrong.startswith("gmail")
    many = load({"NEWSLETTER_SECRET_KEY": "k" * 32, "NEWSLETTER_BOUNCE_HOOKS": " ".join(HOOKS)})
    assert many.bounce_hooks == HOOKS
