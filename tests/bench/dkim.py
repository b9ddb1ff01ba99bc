"""What it costs to make one signed message of a broadcast, beside hashing its bytes and the raw signature alone.

CPU time of this thread, the stages interleaved: whatever else the machine does touches all of them.
"""

import hashlib
import re
import tempfile
import time
from collections.abc import Callable
from email.headerregistry import Address
from functools import partial
from pathlib import Path

import msgspec

from newsletter.mail import dkim_keys
from newsletter.mail.bulk import Content, Frozen, freeze
from newsletter.mail.dkim import Many, Signer
from newsletter.mail.dkim_keys import Kind
from newsletter.mail.merge import PREFERENCES, UNSUBSCRIBE, Marks
from tests.figures import Figure

COUNT = 200  # messages in a turn
TURNS = 15
AT = 1_768_478_400_000
GOAL = 2.0
KINDS: tuple[Kind, ...] = ("rsa", "ed25519")
TOKEN = "4fGq0TzR1cJ8wQm2b7XhYk5sVn3dLp6aEu"  # as long as ours are


def main(figure: Figure) -> None:
    frozen, row = _message()
    message = "".join(row).encode("ascii")
    figure("dkim_message_bytes", len(message))
    with tempfile.TemporaryDirectory() as folder:
        for kind in KINDS:
            path = Path(folder) / kind
            dkim_keys.make(path, kind)
            key = dkim_keys.load(kind, str(path))
            signer = Signer("example.com", [key])
            many = Many(signer, row[::2])
            assert many.sign(row, AT) == signer.sign(message, AT)
            _stages(
                figure,
                kind,
                {
                    "hash": partial(hashlib.sha256, message),
                    "raw": partial(key.sign, b"x" * 600),
                    "merge": partial(_merged, frozen),
                    "sign": partial(many.sign, row, AT),
                    "sign_alone": partial(signer.sign, message, AT),
                },
            )


def _stages(figure: Figure, kind: str, stages: dict[str, Callable[[], object]]) -> None:
    """The quickest turn of each, in µs a message."""
    cost = dict.fromkeys(stages, float("inf"))
    for _ in range(TURNS):
        for name, stage in stages.items():
            began = time.thread_time()
            for _ in range(COUNT):
                stage()
            cost[name] = min(cost[name], (time.thread_time() - began) / COUNT * 1e6)
    for name, microseconds in cost.items():
        figure(f"dkim_{kind}_{name}_microseconds", microseconds)
    ratio = (cost["merge"] + cost["sign"]) / (cost["hash"] + cost["raw"])
    figure(f"dkim_{kind}_made_to_bare_ratio", ratio, f"<= {GOAL}", ratio <= GOAL)


def _message() -> tuple[Frozen, list[str]]:
    """10 KB for one person, and what it is joined of."""
    marks = Marks()
    lines = ["Careers are what one looks back on; jobs are what one does. Write it down."] * 58
    greeting = marks.mark("Dear {{ first_name | 'reader' }},")
    links = f"{marks.link(PREFERENCES)}\n{marks.link(UNSUBSCRIBE)}"
    frozen = freeze(
        sender=Address("Olga Writes", addr_spec="letters@example.com"),
        list_id="newsletter.example.com",
        date=AT,
        marks=marks,
        subject="On work",
        plain="\n".join([greeting, *lines, links, ""]),
        html=f"<p>{greeting}</p>\n<p>" + "<br>\n  ".join(lines) + f"</p>\n<p>{links}</p>\n",
    )
    pieces = msgspec.json.decode(frozen.to_bytes(), type=Content).pieces
    found = re.fullmatch("(.*?)".join(map(re.escape, pieces)), _merged(frozen).decode("ascii"), re.DOTALL)
    assert found
    row = [""] * (2 * len(pieces) - 1)
    row[::2], row[1::2] = pieces, found.groups()
    return frozen, row


def _merged(frozen: Frozen) -> bytes:
    url = "https://news.example.com"
    values = '{"first_name":"Ada"}'
    return frozen.message(
        "ada@example.org", "<1.2@example.com>", values, f"{url}/u/{TOKEN}", f"{url}/preferences/{TOKEN}"
    )
