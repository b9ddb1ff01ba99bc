"""What is done at the terminal to the database as a whole: its row of the audit log."""

from newsletter.errors import NewsletterError
from newsletter.owners import audit
from newsletter.storage import Tx, open_database, pending

_OLDER = "the database is older than this version"


async def note(tx: Tx, command: str) -> None:
    await audit.record(tx, audit.Actor("terminal"), audit.Deed(command, command))


async def note_in(url: str, command: str) -> str:
    """In a transaction of its own, after the deed. Why it could not be; what was done is done all the same."""
    try:
        if await pending(url):
            return _OLDER
        db = await open_database(url)
        try:
            await db.write(note, command)
        finally:
            await db.close()
    except NewsletterError as error:
        return error.sentence.rstrip(".")
    return ""
