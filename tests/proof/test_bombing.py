"""Promise 5: whoever asks, from however many networks and in however many spellings, a mailbox gets one mail a day."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from newsletter.clock import DAY, MINUTE
from tests.conftest import ON_ONE, Clock
from tests.figures import Figure
from tests.proof.conftest import SIZE
from tests.web.conftest import set_clock
from tests.web.stage import HOST, Stage, serving

POSTS = 10_000 * SIZE
DAYS = 5
CLIENTS = 20
MOST_EVER = 3  # without a confirmation


def asked(number: int) -> bytes:
    """A sign-up from a network of its own."""
    spelling = ("ada", "a.da", "ad.a", "a.d.a", "ADA")[number % 5] + f"+{number}@gmail.com"
    body = msgspec.json.encode({"email": spelling})
    network = f"{11 + number // 65_536}.{number // 256 % 256}.{number % 256}.7"
    head = (
        f"POST /forms/guide HTTP/1.1\r\nHost: {HOST}\r\nX-Forwarded-For: {network}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def posts(port: int, numbers: range) -> int:
    """How many of them were taken."""
    taken = 0
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number in numbers:
        writer.write(asked(number))
        taken += b" 202 " in (await reader.readuntil(b"}"))[:15]
    writer.close()
    await writer.wait_closed()
    return taken


async def mailed(service: Stage) -> int:
    return sum(mail.state == "queued" for mail in await service.house.mails())


@ON_ONE
async def test_ten_thousand_posts_are_one_mail(
    database_url: str, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, figure: Figure
) -> None:
    set_clock(monkeypatch, clock)
    proxies = ("127.0.0.0/8",)
    async with serving(database_url, tmp_path, clock, worker=False, trusted_proxies=proxies) as service:
        shares = (range(start, POSTS, CLIENTS) for start in range(CLIENTS))
        taken = sum(await asyncio.gather(*(posts(service.port, share) for share in shares)))
        of_a_day = await mailed(service)
        for _ in range(DAYS - 1):
            clock.forward(DAY + MINUTE)
            await posts(service.port, range(100))
        ever = await mailed(service)
    figure("bombing_posts", POSTS)
    figure("bombing_taken", taken, str(POSTS), taken == POSTS)
    figure("bombing_mails_of_a_day", of_a_day, "1", of_a_day == 1)
    figure("bombing_mails_ever", ever, str(MOST_EVER), ever == MOST_EVER)
    assert taken == POSTS, "no budget of networks was what kept them off"
    assert of_a_day == 1
    assert ever == MOST_EVER
