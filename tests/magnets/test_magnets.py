"""A lead magnet's versions never change; links serve the newest; a person counts once a version."""

import pytest

from newsletter.errors import BadInput, NotFound
from newsletter.storage import files
from tests.cast import House

ADA = "ada@example.org"
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
