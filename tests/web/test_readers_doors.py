"""Each door of readers, sent what it takes by everybody who may be signed in: it is answered as if nobody were."""

import re
import shutil
from pathlib import Path

import httpx
import pytest

from newsletter.addresses import parse
from newsletter.owners import people
from tests.conftest import Clock
from tests.web.conftest import set_clock
from tests.web.door_rows import TAKEN
from tests.web.doors import Doors, opened
from tests.web.stage import Stage, serving
from tests.web.test_desk_people import path_of

READERS = sorted(one for one in TAKEN if not one.startswith("/admin"))
WHO = ("anybody", "moderator", "editor", "owner")
_TOKEN = re.compile(r"[\w.-]{20,}")

Said = dict[str, tuple[int, str, bool]]


async def test_they_do_not_ask_who_is_signed_in(
    sqlite_template: Path, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_clock(monkeypatch, clock)
    said = {}
    for who in WHO:
        folder = tmp_path / who
        folder.mkdir()
        shutil.copy(sqlite_template, folder / "newsletter.db")
        url = f"sqlite:///{folder}/newsletter.db"
        async with serving(url, folder, clock, worker=False) as stage:
            doors = await opened(stage)
            said[who] = await _answers(doors, await _browser(stage, who))
    assert len(READERS) > 20
    done = [one for one, (status, *_) in said["anybody"].items() if status < 400]
    assert len(done) > len(READERS) / 2
    for who in WHO:
        assert said[who] == said["anybody"], who


async def _browser(stage: Stage, who: str) -> httpx.AsyncClient:
    web = await stage.visitor()
    if who == "owner":
        await stage.signs_in(web)
    elif who != "anybody":
        email = f"{who}@example.org"
        await stage.site.db.write(people.invite, stage.site.post, parse(email), who)
        assert (await web.post(await path_of(stage, email))).headers["Location"] == "/admin"
    return web


async def _answers(doors: Doors, web: httpx.AsyncClient) -> Said:
    """Of each: its status, where it leads, and whether it speaks of the desk or leaves a cookie."""
    said: Said = {}
    for template in READERS:
        kind = "json" if template.startswith("/isso/") else "data"
        answer = await web.post(doors.path(template), **{kind: doors.fields(template)})  # type: ignore[arg-type]  # either takes it
        where = _TOKEN.sub("…", answer.headers.get("Location", ""))
        said[template] = (
            answer.status_code,
            where,
            "Set-Cookie" in answer.headers or "/admin/sign-out" in answer.text,
        )
    return said
