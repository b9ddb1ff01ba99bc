"""What its owner's hand changes of one piece of a sequence, and who is where in it, on both databases."""

import msgspec
import pytest

from newsletter.clock import DAY
from newsletter.errors import BadInput, Conflict
from newsletter.ids import new_id
from newsletter.sequences import Words, edits, read_start
from newsletter.signups import Form
from newsletter.storage import Tx
from tests.mail.conftest import ADA, BEN, CLEO, run
from tests.sequences.walking import Path


async def test_a_forms_confirmation_starts_it_for_who_was_active_too(path: Path) -> None:
    guide = await path.form()
    course: Form = msgspec.structs.replace(guide, id=1, wording_id=2, slug="course")
    await path.db.write(path.site.forms.make, course)
    ada, ben = await path.joins(ADA), await path.joins(BEN)
    path.clock.forward(DAY)
    assert read_start("confirmed:course") == ("confirmed", "course")
    await path.begins(("box", 0), start="confirmed", value="course")
    cleo = await path.joins(CLEO)

    async def confirms_again(tx: Tx, id: int, form: int) -> None:
        await tx.run(
            """INSERT INTO consent_records (id, subscriber_id, number, kind, at, form_id, hash)
               VALUES (:new, :id, 9, 'confirmed', :now, :form, 'x')""",
            new=new_id(), id=id, now=tx.now, form=form,
        )  # fmt: skip

    await path.db.write(confirms_again, ada.id, 1)
    await path.db.write(confirms_again, ben.id, guide.id)
    one = await path.db.read(path.site.sequences.find, "welcome")
    assert await path.db.read(path.site.sequences.waiting, one, 0) == 1
    await path.goes_round()
    assert (await path.names(ada.id), await path.names(ben.id), await path.names(cleo.id)) == (
        ["box"],
        [],
        [],
    )
    with pytest.raises(BadInput, match="no form called “none”"):
        await path.loads(("box", 0), value="none")


async def test_a_piece_is_changed_and_people_keep_their_places(path: Path) -> None:
    await path.begins(("box", 0), ("talk", 1))
    ada = await path.joins(ADA)
    await path.goes_round()
    site = path.site
    one, talk = await path.db.read(edits.step, site.sequences, "welcome", await _step(path, "talk"))
    words = Words(slug="", delay=0, subject="In between, at last", body="Hello.")
    new = await path.db.write(edits.add_step, site.sequences, "welcome", words)
    assert new.slug == "in-between-at-last"
    await path.db.write(edits.move_step, site.sequences, "welcome", new.id, -1)
    await path.db.write(edits.change_step, site.sequences, "welcome", talk.id, 1, words)
    with pytest.raises(Conflict):
        await path.db.write(edits.change_step, site.sequences, "welcome", talk.id, 1, words)
    ben = await path.joins(BEN)
    await path.db.write(edits.remove_step, site.sequences, "welcome", await _step(path, "box"))
    for _ in range(2):
        await path.goes_round()
    assert await path.names(ada.id) == ["box", "in-between-at-last", "talk"]
    assert await path.names(ben.id) == ["in-between-at-last", "talk"]
    assert (await path.db.read(edits.tallies))[one.id] == {"finished": 2}
    with pytest.raises(Conflict, match="on record"):
        await path.db.write(edits.forget, "welcome")


async def test_who_stands_where_is_found_page_after_page(path: Path) -> None:
    await path.begins(("box", 1), ("talk", 1))
    people = [await path.joins(f"reader{n}@example.org") for n in range(4)]
    await path.goes_round()
    await run(path.db, "UPDATE subscribers SET status = 'bounced' WHERE id = :id", id=people[1].id)
    one = await path.db.read(path.site.sequences.find, "welcome")
    found = await path.db.read(edits.standing_at, one.id, 0, "running", (0, 0), 2)
    assert [entry.id for entry in found] == [people[3].id, people[2].id]
    last = (found[1].reached_at, found[1].id)
    rest = await path.db.read(edits.standing_at, one.id, 0, "running", last, 2)
    assert [entry.id for entry in rest] == [people[0].id]
    gone = await path.db.read(edits.standing_at, one.id, 0, "stopped", (0, 0), 2)
    assert [(entry.id, entry.state, entry.status) for entry in gone] == [(people[1].id, "stopped", "bounced")]
    everybody = await path.db.read(edits.everybody, one.id, people[3].id, 9)
    assert [entry.id for entry in everybody] == [person.id for person in reversed(people[:3])]


async def _step(path: Path, slug: str) -> int:
    one = await path.db.read(path.site.sequences.find, "welcome")
    return next(
        step.id for step in await path.db.read(path.site.sequences.steps, one.id) if step.slug == slug
    )
