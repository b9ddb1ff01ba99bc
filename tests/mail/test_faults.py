"""Whatever a server does in the midst of a broadcast: what becomes of the message that meets it, and of the others.

With the twelve of test_mailings.py, every fault that has a name. How they mix is tried in tests/proof/test_faults.py.
"""

from typing import NamedTuple

import pytest
from msgspec import structs

from newsletter.mail import Mailings
from newsletter.storage import Database
from tests.conftest import ON_ONE, Clock
from tests.mail.conftest import QUICK, AtWork, eventually, rows
from tests.mail.mailing import sent_off
from tests.mail.sink import CLOSE, ENDLESS, GARBAGE, HALF, HANG, LAST, RESET, WELL, Sink

READERS = 6
PATIENT = structs.replace(QUICK, connect=0.5, command=0.5, dot=60)
"""A slow machine may make it give up before the dot, which costs nobody anything, and never after it."""

CLOSING = "421 4.7.0 too many messages"


class Fault(NamedTuple):
    script: dict[str, list[str]]
    becomes: str = "sent"  # of the message that meets it; all others are sent
    resends: int = 0
    taken: int = READERS  # how many messages the server has said that it took


def doubt(script: dict[str, list[str]]) -> Fault:
    return Fault(script, "queued", 1, READERS - 1)


FAULTS = {
    # Nothing was handed over, whoever is to blame: everybody gets it, once.
    "421 as a greeting": Fault({"greeting": ["421 4.3.2 busy"] * 3}),
    "silence as a greeting": Fault({"greeting": [HANG]}),
    "no SMTP as a greeting": Fault({"greeting": [GARBAGE]}),
    "a greeting without an end": Fault({"greeting": [ENDLESS]}),
    "gone at EHLO": Fault({"EHLO": [RESET, CLOSE]}),
    "no SMTP at MAIL": Fault({"MAIL": [WELL, GARBAGE]}),
    "our sender refused, once": Fault({"MAIL": [WELL, "451 4.7.1 greylisted", "550 5.7.1 not you"]}),
    "half an answer at RCPT": Fault({"RCPT": [WELL, HALF]}),
    "a login wanted at RCPT": Fault({"RCPT": [WELL, "530 5.7.0 authenticate first"]}),
    "an answer without an end at RCPT": Fault({"RCPT": [WELL, ENDLESS]}),
    "out of step at RCPT": Fault({"RCPT": [WELL, "354 go on"]}),
    "silent at DATA": Fault({"DATA": [WELL, HANG]}),
    "gone at RSET, after a refusal": Fault(
        {"RCPT": [WELL, "450 4.2.1 busy"], "RSET": [RESET]}, "deferred", taken=READERS - 1
    ),
    "421 after each message": Fault({"MAIL": [WELL, CLOSING] * (READERS - 1)}),
    "closed after each message": Fault({"dot": [LAST] * READERS}),
    # It was handed over, and the server has said what became of it.
    "a mailbox that is over its size": Fault({"RCPT": [WELL, "552 5.2.2 full"]}, "failed", taken=READERS - 1),
    "too large, at MAIL": Fault({"MAIL": [WELL, "552 5.3.4 too large"]}, "failed", taken=READERS - 1),
    "later at DATA": Fault({"DATA": [WELL, "451 4.3.0 later"]}, "deferred", taken=READERS - 1),
    "an answer of many lines": Fault({"dot": [WELL, "250-taken\r\n" * 600 + "250 taken"]}, taken=READERS - 1),
    # It was handed over, and nothing was said: it may have arrived.
    "gone in the body": doubt({"body": [WELL, RESET]}),
    "closed after the dot": doubt({"dot": [WELL, CLOSE]}),
    "half an answer after the dot": doubt({"dot": [WELL, HALF]}),
    "no SMTP after the dot": doubt({"dot": [WELL, GARBAGE]}),
    "an answer without an end after the dot": doubt({"dot": [WELL, ENDLESS]}),
    "out of step after the dot": doubt({"dot": [WELL, "354 go on"]}),
}


@ON_ONE  # what the ledger does with each verdict is tried on both in test_mailings.py
@pytest.mark.parametrize("fault", FAULTS)
async def test_what_else_a_server_may_do(
    db: Database, mailings: Mailings, at_work: AtWork, sink: Sink, clock: Clock, fault: str
) -> None:
    meets = FAULTS[fault]
    sink.plays(meets.script)
    await sent_off(db, mailings, READERS)
    expected = sorted(["sent"] * (READERS - 1) + [meets.becomes])

    async def as_expected() -> bool:
        clock.forward(50)  # what waits for the relay comes round
        return sorted(row.state for row in await rows(db)) == expected

    async with at_work(timeouts=PATIENT):
        await eventually(as_expected, 60)
    assert sum(row.resends for row in await rows(db)) == meets.resends
    assert len({mail.recipient for mail in sink.mails}) == len(sink.mails) == meets.taken


@ON_ONE
async def test_a_login_that_is_refused_fails_nobody(
    db: Database, mailings: Mailings, at_work: AtWork, sink: Sink, clock: Clock
) -> None:
    """The password was changed in the midst of it: all wait until that is mended."""
    sink.extensions = (*sink.extensions, "AUTH PLAIN")
    sink.plays({"dot": [LAST] * READERS, "AUTH": [WELL, *["535 5.7.8 wrong"] * 6]})
    await sent_off(db, mailings, READERS)

    async def all_sent() -> bool:
        clock.forward(50)
        return {row.state for row in await rows(db)} == {"sent"}

    async with at_work(relay=f"smtp://olga:secret@127.0.0.1:{sink.port}?tls=off", timeouts=PATIENT):
        await eventually(all_sent, 60)
    assert not sink.script["AUTH"]
    assert {(row.attempts, row.resends) for row in await rows(db)} == {(1, 0)}
