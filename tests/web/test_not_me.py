"""“This wasn’t me”: the page says what was done, and to whom it did nothing it says why."""

import httpx

from newsletter.clock import DAY
from newsletter.storage import Tx
from tests.web.stage import ADA, BEN, Stage, link

DONE, SUBSCRIBED = "Done, and sorry for the trouble", "This address is subscribed"
LEFT, GONE = "This address is not subscribed", "We no longer have your address"


async def press(web: httpx.AsyncClient, path: str) -> str:
    """The heading of the page behind the button."""
    answer = await web.post(path)
    assert answer.status_code == 200
    return answer.text.partition("<h1>")[2].partition("</h1>")[0]


async def block_link(still: Stage, email: str) -> str:
    """As it stands in the mail that was sent last."""
    ids = await still.house.invitation(email)
    return f"/block/{still.site.tokens.make('block', *ids, now=still.clock.now())}"


async def test_pressed_twice_it_says_the_same(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_up(web, ADA, name="Lovelace")
    path = await block_link(still, ADA)
    assert await press(web, path) == DONE
    assert await press(web, path) == DONE
    still.clock.forward(29 * DAY)
    await still.site.db.write(still.site.signups.purge)
    assert await press(web, path) == DONE

    assert await still.house.known(ADA) is None
    everything = repr(await still.dump())
    assert ADA not in everything
    assert "Lovelace" not in everything
    still.clock.forward(3 * DAY)
    await still.site.db.write(still.site.signups.purge)
    assert await still.house.count("SELECT count(*) FROM signups") == 0


async def test_who_came_back_and_left_by_this_stays_out(still: Stage) -> None:
    web = await still.visitor()
    await still.member(web, ADA)
    ada = await still.house.person(ADA)
    await still.site.db.write(still.site.subscribers.unsubscribe, ada.id, "test")
    still.clock.forward(DAY)
    await still.signs_up(web, ADA)
    path = await block_link(still, ADA)
    for _ in range(2):
        assert await press(web, path) == DONE
    assert (await still.house.person(ADA)).status == "blocked"


async def test_a_subscriber_is_told_so_and_shown_the_way_out(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_up(web, ADA)
    path = await block_link(still, ADA)
    await web.post(await still.invitation(ADA))
    before = await still.dump()
    answer = await web.post(path)
    assert SUBSCRIBED in answer.text
    assert await still.dump() == before

    assert (await web.post(link(answer.text, "/u/"))).status_code == 200
    assert (await still.house.person(ADA)).status == "unsubscribed"
    before = await still.dump()
    assert await press(web, path) == LEFT
    assert await still.dump() == before


async def test_an_old_link_of_who_joined_again(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_up(web, ADA)
    path = await block_link(still, ADA)
    await web.post(await still.invitation(ADA))

    async def leave_and_return(tx: Tx) -> None:
        await tx.run("UPDATE subscribers SET epoch = epoch + 1")

    await still.site.db.write(leave_and_return)
    assert await press(web, path) == SUBSCRIBED


async def test_nothing_is_promised_for_an_address_we_forgot(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_up(web, ADA)
    await still.signs_up(web, BEN)
    erased = await block_link(still, ADA)
    ada = await still.house.person(ADA)
    await still.site.db.write(still.site.subscribers.erase, ada.id)
    assert await press(web, erased) == GONE

    still.clock.forward(6 * DAY)
    purged = link((await web.get(await still.invitation(BEN))).text, "/block/")
    still.clock.forward(26 * DAY)
    await still.site.db.write(still.site.signups.purge)
    assert await still.house.known(BEN) is None
    assert await press(web, purged) == GONE


async def test_the_link_lives_as_long_as_an_address_that_never_confirms(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_up(web, ADA)
    path = await block_link(still, ADA)
    still.clock.forward(31 * DAY)
    assert [(await web.get(path)).status_code, (await web.post(path)).status_code] == [410, 410]
