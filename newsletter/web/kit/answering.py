"""A mail to a notification's own address becomes a comment: read, cleaned as what a form brings is, and kept."""

from asyncio import to_thread

from newsletter.comments import LONGEST, Words, answer, written
from newsletter.errors import NewsletterError, Repeated, Unavailable
from newsletter.web.kit.site import Site
from newsletter.web.kit.text import clean


async def said_by_mail(site: Site, recipient: str, mail: bytes) -> str:
    """What SMTP answers to it: a server that is refused tells its reader why, and one that shall wait comes again."""
    try:
        token = recipient.rpartition("@")[0].partition("+")[2]
        ids = site.tokens.read("reply", token)
        who, words = await to_thread(_read, mail)
        kept = await site.db.write(answer, site.comments, ids[0], ids[1], who, words)
    except Unavailable:
        return "451 4.3.0 It could not be kept just now. Please try again later."
    except Repeated:
        return "250 2.0.0 It is here already"
    except NewsletterError as error:
        return f"550 5.6.0 {error.sentence.encode('ascii', 'replace').decode()}"
    return f"250 2.0.0 It is kept ({kept.status})"


def _read(mail: bytes) -> tuple[str, Words]:
    """Who wrote it, and what is new in it. Raises BadInput."""
    who, text = written(mail)
    return who, Words(clean(text, max_length=LONGEST, multiline=True))
