"""The suppression list at the desk: looked over, asked for one address, added to, lifted from, in and out as a file."""

import csv
import io
import re

from newsletter.addresses import parse
from newsletter.web.kit.waiting_files import folder
from tests.web.stage import ADA, BEN, Stage
from tests.web.test_desk import csrf_on

STRANGER = "dora@example.net"
PATH = "/admin/suppressions"


async def test_who_is_on_it_and_why(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_in(web)
    assert '<p class="empty">Nobody.</p>' in (await web.get(PATH)).text
    await still.member(await still.visitor(), ADA)
    own = {"csrf": csrf_on(await web.get(PATH))}
    asked = (await web.get(PATH, params={"email": ADA})).text
    assert f"{ADA}</bdi></b> is not on the list" in asked
    put = await web.post(PATH, data={"email": ADA, **own})
    assert (put.status_code, put.headers["Location"]) == (303, f"{PATH}?done=add")
    assert (await still.house.person(ADA)).status == "unsubscribed"
    await web.post(PATH, data={"email": STRANGER, **own})
    shown = (await web.get(PATH)).text
    assert re.search(rf"<bdi>{ADA}</bdi>", shown)
    assert "Not known here" in shown
    assert STRANGER not in shown, "nobody can be read out of it"
    assert "Put there by you: 2" in shown
    asked = (await web.get(PATH, params={"email": STRANGER})).text
    assert f"{STRANGER}</bdi></b> is on the list" in asked
    assert "Put there by you" in asked
    lifted = await web.post(f"{PATH}/lift", data={"email": STRANGER, **own})
    assert lifted.headers["Location"] == f"{PATH}?done=lift"
    again = await web.post(f"{PATH}/lift", data={"email": STRANGER, **own})
    assert again.headers["Location"] == f"{PATH}?done=none"
    assert await still.site.db.read(still.site.suppressions.why, STRANGER) == []
    wrong = await web.post(PATH, data={"email": "dora", **own})
    assert wrong.status_code == 422
    places = [wrong.text.index(one) for one in ('for="email"', 'id="email-error"', '<input id="email"')]
    assert places == sorted(places), "what is wrong stands at its field, as everywhere"
    assert 'aria-describedby="email-error"' in wrong.text


async def test_out_and_in_as_a_file(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_in(web)
    own = {"csrf": csrf_on(await web.get(PATH))}
    text = f"email,reason\n{ADA},bounced\nnobody,\n{BEN},\n{STRANGER},boredom\n"
    taken = await web.post(f"{PATH}/import", data={"lines": text, **own})
    assert "2 taken in, 2 could not be read:" in taken.text
    assert "<li>Line 3: " in taken.text
    assert "<li>Line 5: There is no reason" in taken.text
    file = await web.get(f"{PATH}/export")
    assert file.headers["Content-Disposition"] == 'attachment; filename="suppressions.csv"'
    rows = list(csv.DictReader(io.StringIO(file.text, newline="")))
    assert sorted(row["reason"] for row in rows) == ["bounced", "owner"]
    for email in (ADA, BEN):
        await web.post(f"{PATH}/lift", data={"email": email, **own})
    assert '<p class="empty">Nobody.</p>' in (await web.get(PATH)).text
    await web.post(f"{PATH}/import", data={"lines": file.text, **own})
    (found,) = await still.site.db.read(still.site.suppressions.why, parse(ADA).key)
    assert found.reason == "bounced"


async def test_a_file_is_taken_in(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_in(web)
    own = {"csrf": csrf_on(await web.get(PATH))}
    text = "\ufeffemail\r\nnobody\r\n" + "".join(f"reader{n}@example.org\r\n" for n in range(3_000))
    taken = await web.post(f"{PATH}/file", data=own, files={"file": ("list.csv", text.encode())})
    assert "3,000 taken in, 1 could not be read:" in taken.text
    for wrong in (b"", "email\nä@example.org".encode("utf-16")):
        answer = await web.post(f"{PATH}/file", data=own, files={"file": ("list.csv", wrong)})
        assert (answer.status_code, 'id="file-error"' in answer.text) == (422, True)
    foreign = await web.post(f"{PATH}/file", data={"csrf": "x"}, files={"file": ("list.csv", b"a@b.example")})
    assert foreign.status_code == 422
    assert await still.house.count("SELECT count(*) FROM suppressions") == 3_000
    left = [one for one in folder(still.site.settings).iterdir() if one.name.startswith("coming-")]
    assert left == []


async def test_page_after_page_shows_each_once(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_in(web)
    for n in range(120):
        if n % 40 == 0:
            still.clock.forward(1)
        await still.site.db.write(still.site.suppressions.add, parse(f"reader{n}@example.org"))
    path, seen = PATH, list[int]()
    while path:
        page = (await web.get(path)).text
        seen.append(page.count("Not known here"))
        following = re.search(r'href="([^"]+)" rel="next"', page)
        path = following[1] if following else ""
    assert seen == [50, 50, 20]
