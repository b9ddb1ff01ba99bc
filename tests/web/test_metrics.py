"""`/metrics`: for who has the token, whatever name the machine goes by; true numbers, and nobody in them."""

import re

from newsletter.clock import MINUTE
from newsletter.storage import Tx
from tests.conftest import ON_ONE
from tests.web.conftest import Serve
from tests.web.stage import ADA, BEN, Stage
from tests.web.wire import ask, status

TOKEN = "t" * 32
HELD = "UPDATE send_limits SET held_at = :now, held_why = 'ada@example.org asked' WHERE name = 'relay'"


async def read(stage: Stage) -> str:
    request = f"GET /metrics HTTP/1.1\r\nHost: 10.1.2.3\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n\r\n"
    answer = (await ask(stage.port, request.encode())).decode()
    assert answer.startswith("HTTP/1.1 200 "), answer
    assert "text/plain; version=0.0.4" in answer
    return answer.partition("\r\n\r\n")[2]


def numbers(text: str) -> dict[str, float]:
    lines = [line.rsplit(" ", 1) for line in text.split("\n") if line and line[0] != "#"]
    return {name: float(value) for name, value in lines}


async def held(tx: Tx) -> None:
    await tx.run(HELD, now=tx.now)


async def test_they_say_how_it_stands_and_name_nobody(serve: Serve) -> None:
    async with serve(worker=False, metrics_token=TOKEN) as still:
        web = await still.visitor()
        before = numbers(await read(still))
        assert (before["newsletter_workers"], before['newsletter_mails_waiting{kind="single"}']) == (0, 0)
        await still.signs_up(web, ADA, name="Ada Byron")
        await still.member(web, BEN)
        await still.site.db.write(held)
        still.clock.forward(10 * MINUTE)
        text = await read(still)
    now = numbers(text)
    assert now['newsletter_mails_waiting{kind="single"}'] == 3
    assert now["newsletter_mails_oldest_due_seconds"] == 600
    assert now["newsletter_sending_held"] == 1
    assert now['newsletter_subscribers{status="pending"}'] == 1
    assert now['newsletter_subscribers{status="active"}'] == 1
    answers = 'newsletter_http_answers_total{code="3xx"}'
    assert now[answers] - before[answers] == 2
    assert now["process_resident_memory_bytes"] > 1_000_000
    assert not re.search(r"@|Ada|Byron|example|\d+\.\d+\.\d+\.\d+", text)
    assert set(re.findall(r'(\w+)="', text)) == {"kind", "status", "code", "version"}
    for line in filter(None, text.split("\n")):
        assert re.fullmatch(r'# (HELP|TYPE) \w+ .+|\w+(\{\w+="[\w.]+"\})? [\d.e+-]+', line), line


@ON_ONE
async def test_without_the_token_they_are_not_shown(serve: Serve) -> None:
    wrong = ("", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer \xff", "Bearer")
    async with serve(worker=False, metrics_token=TOKEN) as still:
        for given in wrong:
            line = f"Authorization: {given}\r\n" if given else ""
            request = f"GET /metrics HTTP/1.1\r\nHost: x\r\n{line}Connection: close\r\n\r\n"
            answer = await ask(still.port, request.encode("latin-1"))
            assert status(answer) == 401, given
            assert b"newsletter_" not in answer


@ON_ONE
async def test_they_are_off_until_a_token_is_set(still: Stage) -> None:
    request = b"GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \r\nConnection: close\r\n\r\n"
    answer = await ask(still.port, request)
    assert status(answer) == 404
    assert b"NEWSLETTER_METRICS_TOKEN is not set" in answer
