"""From the demonstration: a broadcast in Markdown to made-up subscribers, paused, killed, gone on with, killed again.

Its page then lists exactly who got it, and the inbox holds those mails.
"""

import csv
import io
import os
import re
import signal
import subprocess
import sys
from asyncio import to_thread
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default as modern
from pathlib import Path

import httpx

from tests.figures import Figure
from tests.mail.conftest import eventually
from tests.ports import free_ports
from tests.proof.conftest import SIZE

READERS = 2_000 * SIZE
BARE = {name: value for name, value in os.environ.items() if not name.startswith("NEWSLETTER_")}
LETTER = """---
subject: On boxes
---
Hello {{ first_name | "there" }}, what is in **yours**?
"""


@dataclass
class Demo:
    folder: Path
    ports: list[int] = field(default_factory=lambda: free_ports(2))

    @asynccontextmanager
    async def killed_after(self) -> AsyncIterator[str]:
        """Runs it, gives the link to the desk, and takes its life without a word."""
        words = [
            "--port",
            str(self.ports[0]),
            "--blog-port",
            str(self.ports[1]),
            "--subscribers",
            str(READERS),
        ]
        command = [sys.executable, "-m", "newsletter", "demo", "--folder", str(self.folder), *words]
        with subprocess.Popen(command, env=BARE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            try:
                said = ""
                while "works once" not in said:
                    line = await to_thread(process.stdout.readline)
                    assert line, f"It ended early:\n{said}"
                    said += line
                found = re.search(r"http://\S+/admin/enter/\S+", said)
                assert found
                yield found[0]
            finally:
                process.send_signal(signal.SIGKILL)

    async def says(self, *words: str) -> str:
        """What `newsletter broadcast …` prints."""
        environment = {
            **BARE,
            "NEWSLETTER_DATABASE_URL": f"sqlite:///{self.folder / 'newsletter.db'}",
            "NEWSLETTER_PUBLIC_URL": f"http://localhost:{self.ports[0]}",
            "NEWSLETTER_FROM": "Wilma Harrow <wilma@example.org>",
            "NEWSLETTER_OWNER_EMAIL": "wilma@example.org",
            "NEWSLETTER_POSTAL_ADDRESS": "Wilma Harrow, 3 Ferry Lane, Lower Exampleton",
        }
        command = [sys.executable, "-m", "newsletter", "broadcast", *words]
        done = await to_thread(
            subprocess.run, command, env=environment, cwd=self.folder.parent, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def got(self) -> list[str]:
        """Whom the inbox's mails are for."""
        mails = (path.read_bytes() for path in (self.folder / "inbox").glob("*.eml"))
        return [str(message_from_bytes(mail, policy=modern)["To"]) for mail in mails]

    def mails(self) -> int:
        return sum(1 for _ in (self.folder / "inbox").glob("*.eml"))

    async def reaches(self, count: int) -> None:
        async def there() -> bool:
            return self.mails() >= count

        await eventually(there, 120)


async def test_it_is_paused_killed_and_resumed_and_its_page_lists_who_got_it(
    tmp_path: Path, figure: Figure
) -> None:
    demo = Demo(tmp_path / "demo-data")
    (tmp_path / "letter.md").write_text(LETTER, "utf-8")
    async with demo.killed_after():
        number = (await demo.says("send", "letter.md", "--yes")).split()[-1]
        await demo.reaches(READERS // 10)
        await demo.says("pause", number)
    paused = demo.mails()
    async with demo.killed_after():
        assert "paused" in await demo.says("status", number)
        assert demo.mails() <= paused + 8, "nothing was begun while it is paused"
        await demo.says("resume", number)
        await demo.reaches(paused + READERS // 10)
    async with demo.killed_after() as desk:
        listed = await whole_list(desk, number)
    reached = Counter(demo.got())
    twice = sum(count - 1 for count in reached.values())

    figure("demo_broadcast_reached", len(reached), f"{READERS}", len(reached) == READERS)
    figure("demo_broadcast_twice", twice, "<= 16", twice <= 16)
    assert paused < READERS
    assert set(reached) == set(listed) == {f"reader{n}@example.org" for n in range(1, READERS + 1)}
    assert twice <= 16, "two kills, four connections, two in doubt on each"


async def whole_list(desk: str, number: str) -> list[str]:
    """Who got it, by its page at the desk, once nothing is left to send."""
    origin = desk.partition("/admin")[0]
    async with httpx.AsyncClient(base_url=origin, headers={"Origin": origin}, timeout=60) as web:
        assert (await web.post(desk)).status_code == 303
        found: list[list[str]] = []

        async def all_sent() -> bool:
            answer = await web.get(f"/admin/broadcasts/{number}/people.csv?state=sent")
            found[:] = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))[1:]
            return len(found) == READERS

        await eventually(all_sent, 120)
        page = (await web.get(f"/admin/broadcasts/{number}")).text
        assert f"{READERS:,}" in page
        return [row[0] for row in found]
