"""A draft is kept while it is typed, by the page's script; how that looks: tests/proof/test_desk_keeping.py."""

import pytest

from newsletter.clock import DAY
from tests.conftest import ON_ONE
from tests.web.broadcaster import LETTER, Broadcaster, at_desk
from tests.web.stage import Stage

pytestmark = ON_ONE


@pytest.fixture
async def desk(still: Stage) -> Broadcaster:
    return await at_desk(still)


async def test_a_draft_is_kept_as_it_stands_and_goes_on_as_itself(desk: Broadcaster) -> None:
    made = await desk.sends("/new", action="keep", subject="On", body="")
    (one,) = await desk.all()
    assert made.status_code == 200
    assert f'action="/admin/broadcasts/{one.id}"' in made.text
    assert 'name="version" value="1"' in made.text
    assert 'data-keeps="there"' in made.text
    again = await desk.sends(f"/{one.id}", action="keep", version="1", **LETTER)
    assert 'name="version" value="2"' in again.text
    assert (await desk.now(one.id)).body == LETTER["body"]
    late = await desk.sends(f"/{one.id}", action="keep", version="1", **(LETTER | {"body": "Late."}))
    assert late.status_code == 409
    assert 'data-keeps="here"' in late.text
    wrong = await desk.sends(f"/{one.id}", action="keep", version="2", **(LETTER | {"audience": "tags:"}))
    assert wrong.status_code == 422
    assert (await desk.now(one.id)).body == LETTER["body"]


async def test_what_goes_out_at_a_time_changes_by_the_button_alone(desk: Broadcaster) -> None:
    id = await desk.writes()
    broadcasts = desk.stage.site.broadcasts
    await desk.stage.site.db.write(broadcasts.schedule, id, desk.stage.clock.now() + DAY)
    assert 'data-keeps="here"' in await desk.sees(f"/{id}")
    looked = await desk.sends(f"/{id}", action="keep", version="2", **(LETTER | {"body": "Half of a"}))
    assert looked.status_code == 200
    assert (await desk.now(id)).body == LETTER["body"]
