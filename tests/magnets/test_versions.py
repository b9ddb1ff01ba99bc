"""A file that comes in pieces is there when it is whole; what each version of a guide comes to is known."""

from hashlib import sha256

from newsletter.clock import DAY
from newsletter.magnets import all_versions
from newsletter.storage import Database, arriving, files
from tests.cast import House
from tests.conftest import Clock

ADA = "ada@example.org"
PIECES = (b"%PDF-" + b"x" * (files.CHUNK - 5), b"%%EOF")
WHOLE = b"".join(PIECES)
HASH = sha256(WHOLE).hexdigest()


async def comes(db: Database) -> int:
    id = await db.write(arriving.begin, "application/pdf")
    for n, piece in enumerate(PIECES):
        await db.write(arriving.add, id, n, piece)
    return id


async def test_a_file_in_pieces_becomes_the_newest_version(house: House) -> None:
    (magnet,) = (await house.form()).magnets
    ada = await house.joins(ADA)
    await house.db.write(house.site.magnets.count, ada.id, magnet.version_id, automatic=False)
    stored = await house.db.write(arriving.finish, await comes(house.db), "new.pdf", HASH, len(WHOLE))
    await house.db.write(house.site.magnets.renew, magnet.slug, stored, "Shorter")
    found = await house.db.read(all_versions)
    assert [(one.number, one.name, one.size, one.people) for one in found] == [
        (2, "new.pdf", len(WHOLE), 0),
        (1, "structure-your-career.pdf", magnet.size, 1),
    ]
    assert await house.db.read(files.whole, stored.id) == WHOLE


async def test_the_same_bytes_are_kept_once_and_what_a_crash_left_goes(house: House, clock: Clock) -> None:
    first = await house.db.write(arriving.finish, await comes(house.db), "a.pdf", HASH, len(WHOLE))
    again = await house.db.write(arriving.finish, await comes(house.db), "b.pdf", HASH, len(WHOLE))
    assert again == first
    assert await house.count("SELECT count(*) FROM files") == 2  # the guide, and this one
    left = await comes(house.db)
    clock.forward(DAY // 2)
    await comes(house.db)  # the other is perhaps still coming
    assert await house.db.read(files.find, left) is not None
    clock.forward(DAY // 2)  # a day in all
    await house.db.write(arriving.drop, await comes(house.db))
    assert await house.db.read(files.find, left) is not None
    clock.forward(1)
    await comes(house.db)
    assert await house.db.read(files.find, left) is None
    # The guide, the first, and two that come.
    assert await house.count("SELECT count(*) FROM files") == 4
