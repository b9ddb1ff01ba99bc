"""Backups taken while people sign up as fast as they can: each is whole, and has all that was answered before it began.

And a bit that flips in one, wherever it is, is found before anything is put back.
"""

import asyncio
import itertools
import random
import sqlite3
from contextlib import closing
from pathlib import Path

from newsletter.addresses import parse
from newsletter.errors import BadInput
from newsletter.signups import Submission
from newsletter.storage import backup, open_database
from tests.cast import House, build
from tests.figures import Figure
from tests.proof.conftest import SIZE

BACKUPS = 100 * SIZE
WRITERS = 8
FLIPS = 300 * SIZE
SIGNED_UP = """SELECT p.email FROM signups s JOIN subscribers p ON p.id = s.subscriber_id
               JOIN outbox o ON o.message_id = s.message_id AND o.recipient = p.email"""
SIGN_UPS = "SELECT count(*) FROM signups"


async def test_backups_under_load(sqlite_url: str, tmp_path: Path, figure: Figure) -> None:
    db = await open_database(sqlite_url)
    house = await build(db)
    answered: set[str] = set()
    over = asyncio.Event()
    numbers = itertools.count()
    writers = [asyncio.create_task(sign_up(house, numbers, answered, over)) for _ in range(WRITERS)]
    missing, broken, half_done = set[str](), 0, 0
    for _ in range(BACKUPS):
        before, made = set(answered), tmp_path / "kept.db"
        await asyncio.to_thread(backup.make, tmp_path / "newsletter.db", made)
        await asyncio.to_thread(backup.verify, made)
        with closing(sqlite3.connect(made)) as raw:
            found = {email for (email,) in raw.execute(SIGNED_UP)}
            broken += raw.execute("PRAGMA integrity_check").fetchone()[0] != "ok"
            broken += bool(raw.execute("PRAGMA foreign_key_check").fetchall())
            half_done += raw.execute(SIGN_UPS).fetchone()[0] - len(found)
        missing |= before - found
        for file in tmp_path.glob("kept.db*"):
            file.unlink()
    over.set()
    await asyncio.gather(*writers)
    await db.close()

    figure("backups_under_load", BACKUPS)
    figure("backups_signed_up_meanwhile", len(answered), f">= {BACKUPS}", len(answered) >= BACKUPS)
    for what, count in {"missing": len(missing), "broken": broken, "half_done": half_done}.items():
        figure(f"backups_{what}", count, "0", count == 0)
    assert not missing
    assert not broken
    assert not half_done
    assert len(answered) >= BACKUPS


async def sign_up(
    house: House, numbers: "itertools.count[int]", answered: set[str], over: asyncio.Event
) -> None:
    form = await house.form()
    while not over.is_set():
        email = f"reader{next(numbers)}@example.org"
        await house.db.write_in_crowd(email, house.site.signups.sign_up, form, Submission(parse(email), {}))
        answered.add(email)
        await asyncio.sleep(0.01)  # so that the copies stay small


async def test_every_flipped_bit_is_found(sqlite_url: str, tmp_path: Path, figure: Figure) -> None:
    flips = random.Random(300)
    db = await open_database(sqlite_url)
    await (await build(db)).joins("ada@example.org", "Ada")
    await db.close()
    (tmp_path / "newsletter.db.key").write_text("first-key\n")
    made = tmp_path / "kept.db"
    backup.make(tmp_path / "newsletter.db", made)
    found = silent = 0
    for n in range(FLIPS):
        file = made if n % 10 else made.with_name("kept.db.key")
        whole = file.read_bytes()
        damaged = bytearray(whole)
        damaged[flips.randrange(len(whole))] ^= 1 << flips.randrange(8)
        file.write_bytes(damaged)
        try:
            backup.verify(made)
        except BadInput:
            found += 1
        silent += file == made and sqlite_finds_nothing(made)
        file.write_bytes(whole)
    backup.verify(made)
    figure("backup_bits_flipped", FLIPS)
    figure("backup_flips_found", found, str(FLIPS), found == FLIPS)
    figure("backup_flips_that_sqlite_does_not_see", silent)
    assert found == FLIPS


def sqlite_finds_nothing(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?immutable=1", uri=True)) as raw:
            return bool(raw.execute("PRAGMA integrity_check").fetchone()[0] == "ok")
    except (sqlite3.Error, UnicodeDecodeError):
        return False
