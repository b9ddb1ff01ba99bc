"""What a check of a file refuses, however much of it: to be read before anything is taken in."""

from newsletter.web.kit import importing
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
