"""What a check of a file refuses, all to be read before anything is taken in; and that no file stays for good."""

import os
from functools import partial

import pytest

from newsletter.errors import Conflict
from newsletter.subscribers import imports
from newsletter.web.kit import importing, waiting_files
from tests.conftest import ON_ONE
from tests.web.stage import Stage
from tests.web.test_desk_import import ORIGIN, kept, owner, presses, sends

pytestmark = ON_ONE


async def test_a_long_list_is_had_whole_before_anything_is_taken_in(still: Stage) -> None:
    web, most = await owner(still), importing.MOST_REFUSALS
    rows = b"nonsense\n" * most + b"ada@example.org\n" * 3
    path = (await sends(web, b"email\n" + rows)).headers["Location"]
    await presses(web, path, "check", c0="email", origin=ORIGIN)
    await importing.keep_going(still.site)
    assert "All refused rows as CSV" in (await web.get(path)).text
    lines = (await web.get(f"{path}/refused.csv")).text.splitlines()[1:]
    assert [int(line.partition(",")[0]) for line in lines] == [*range(2, most + 2), most + 3, most + 4]
    (_, list_) = kept(still)
    assert list_.stat().st_mode & 0o777 == 0o600
    list_.unlink()  # as on another machine, or where the disk had no room for it
    assert "10,000 of the 10,002 are kept for the list" in (await web.get(path)).text
    assert len((await web.get(f"{path}/refused.csv")).text.splitlines()) == 1 + most
    await presses(web, path, "delete")
    assert kept(still) == []


async def test_a_list_that_was_long_once_is_not_shown_later(still: Stage) -> None:
    web, many = await owner(still), importing.MOST_REFUSALS + 1
    rows = "".join(f"nonsense,r{n}@example.org\n" for n in range(many))
    path = (await sends(web, f"a,b\n{rows}".encode())).headers["Location"]
    for columns, refused in (({"c0": "email", "c1": "ignore"}, many), ({"c0": "ignore", "c1": "email"}, 0)):
        await presses(web, path, "check", origin=ORIGIN, **columns)
        await importing.keep_going(still.site)
        assert len((await web.get(f"{path}/refused.csv")).text.splitlines()) == 1 + refused
        await presses(web, path, "again")


async def test_what_was_not_let_go_to_its_end_is_so_the_next_day(still: Stage) -> None:
    """As where the process is killed in between: a file that nothing leads to would stay for good."""
    web = await owner(still)
    path = (await sends(web, b"email\nada@example.org\n")).headers["Location"]
    (file,) = kept(still)
    await still.site.db.write(imports.uploads.give_up, int(file.name))
    still.clock.forward(waiting_files.KEPT + 1)
    await importing.keep_going(still.site)
    assert kept(still) == []
    assert (await web.get(path)).status_code == 404


async def test_what_somebody_comes_back_to_is_not_let_go(still: Stage) -> None:
    """Read as left, and taken up again before its turn came."""
    web = await owner(still)
    path = (await sends(web, b"email\nada@example.org\n")).headers["Location"]
    still.clock.forward(waiting_files.KEPT + 1)
    (left,) = await still.site.db.read(imports.uploads.left, still.clock() - waiting_files.KEPT)
    await presses(web, path, "check", c0="email", origin=ORIGIN)
    with pytest.raises(Conflict):
        await importing.let_go(still.site, left.id, partial(importing.still_left, id=left.id))
    assert len(kept(still)) == 1
    await importing.keep_going(still.site)
    assert len(kept(still)) == 1


async def test_no_file_stays_that_nobody_waits_for(still: Stage) -> None:
    """A killed process leaves half an upload, half a list, or a file that was taken in."""
    web = await owner(still)
    await sends(web, b"email\nada@example.org\n")
    (waiting,) = kept(still)
    strays = [waiting.with_name(name) for name in ("coming-abc", "77", "77.refused", "notes.txt")]
    for stray in strays:
        stray.write_bytes(b"ben@example.org\n")
    await waiting_files.sweep(still.site)
    assert sorted(kept(still)) == sorted([waiting, *strays])  # somebody may be at it still
    for path in kept(still):
        os.utime(path, times=(0, 0))
    await waiting_files.sweep(still.site)
    assert kept(still) == [waiting, waiting.with_name("notes.txt")]
