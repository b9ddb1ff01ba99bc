"""A lead magnet's versions never change; links serve the newest; a person counts once a version."""

import msgspec
import pytest

from newsletter.addresses import parse
from newsletter.errors import BadInput, NotFound
from newsletter.ids import new_id
from newsletter.signups import Submission, store
from newsletter.storage import Tx, files
from tests.cast import House

ADA, BEN = "ada@example.org", "ben@example.com"
PDF = b"%PDF-1.7\nsecond"
COUNTED = "SELECT count(*) FROM downloads WHERE automatic = 0"


async def test_a_new_version_is_what_the_links_serve(house: House) -> None:
    (magnet,) = (await house.form()).magnets
    first = await house.db.read(house.site.magnets.open, magnet.id)
    number = await house.db.write(house.site.magnets.add_version, magnet.id, "guide.pdf", PDF, "Shorter")

    second = await house.db.read(house.site.magnets.open, magnet.id)
    assert (number, second.magnet.number) == (2, 2)
    assert await house.db.read(files.whole, second.file.id) == PDF
    assert first.file.sha256 != second.file.sha256


async def test_only_a_pdf_is_taken(house: House) -> None:
    (magnet,) = (await house.form()).magnets
    with pytest.raises(BadInput):
        await house.db.write(house.site.magnets.add_version, magnet.id, "x.pdf", b"<html>", "")


async def test_a_person_counts_once_a_version_and_scanners_do_not(house: House) -> None:
    (magnet,) = (await house.form()).magnets
    ada = await house.joins(ADA)
    count = house.site.magnets.count
    await house.db.write(count, ada.id, magnet.version_id, automatic=True)
    assert await house.count(COUNTED) == 0
    for _ in range(3):
        await house.db.write(count, ada.id, magnet.version_id, automatic=False)
    await house.db.write(count, ada.id, magnet.version_id, automatic=True)
    assert await house.count(COUNTED) == 1


async def test_several_guides_on_one_form_come_in_one_mail(house: House) -> None:
    form = await house.form()
    extra = await house.db.write(house.site.magnets.add, "checklist", "Checklist", "", "checklist.pdf", PDF)
    await house.db.write(house.site.magnets.offer, form.id, [form.magnets[0].id, extra])
    house.site.forms._kept.clear()
    await house.joins(ADA)

    guide = (await house.mails(ADA))[-1]
    assert "Structure your career" in guide.context
    assert "Checklist" in guide.context


async def test_several_forms_give_the_same_guide(house: House) -> None:
    guide = await house.form()
    talk = msgspec.structs.replace(guide, id=new_id(), slug="talk", wording_id=new_id(), fields=())

    async def open_form(tx: Tx) -> None:
        await store.add_form(tx, talk, "0" * 64)
        await house.site.magnets.offer(tx, talk.id, [guide.magnets[0].id])

    await house.db.write(open_form)
    await house.joins(ADA)
    offered = await house.site.forms.find("talk")
    await house.db.write(house.site.signups.sign_up, offered, Submission(parse(BEN), {}))
    await house.confirms(BEN)

    for email, form in ((ADA, guide), (BEN, offered)):
        person, mail = await house.person(email), (await house.mails(email))[-1]
        (download,) = msgspec.json.decode(mail.context)["downloads"]
        assert (mail.message, download["title"]) == ("guide", "Structure your career")
        assert download["link"][2] == [person.id, form.magnets[0].id]
    await house.db.write(house.site.magnets.add_version, guide.magnets[0].id, "guide.pdf", PDF, "Shorter")
    house.site.forms._kept.clear()
    for slug in ("guide", "talk"):
        assert [magnet.number for magnet in (await house.site.forms.find(slug)).magnets] == [2]


async def test_a_small_guide_rides_along_where_the_owner_wants_it(house: House) -> None:
    form = await house.form()
    extra = await house.db.write(house.site.magnets.add, "note", "Note", "", "note.pdf", PDF, attach=True)
    await house.db.write(house.site.magnets.offer, form.id, [extra])
    house.site.forms._kept.clear()
    await house.joins(ADA)
    given = await house.db.read(house.site.magnets.open, extra)
    assert f'"file_ids":[{given.file.id}]' in (await house.mails(ADA))[-1].context


async def test_a_slug_is_taken_once(house: House) -> None:
    with pytest.raises(BadInput):
        await house.db.write(house.site.magnets.add, "structure-your-career", "x", "", "x.pdf", PDF)
    with pytest.raises(NotFound):
        await house.db.read(house.site.magnets.open, 1)
