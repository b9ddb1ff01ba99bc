"""A mail as its reader would see it, for who writes its words: made as the worker makes it, and sent to nobody."""

from email import message_from_bytes, policy
from typing import Any

import msgspec

from newsletter import clock
from newsletter.mail.claims import Delivery
from newsletter.mail.messages import Messages
from newsletter.settings import Settings
from newsletter.tokens import Tokens


class Seen(msgspec.Struct, frozen=True):
    sender: str
    subject: str
    text: str
    html: str


def seen(settings: Settings, tokens: Tokens, message: str, context: dict[str, Any]) -> Seen:
    """`message` and `context` as in `Post.enqueue`. Takes a twentieth of a second: call it beside the loop.

    Raises MessageError.
    """
    now = clock.now()
    encoded = msgspec.json.encode(context).decode()
    row = Delivery(0, message, 0, settings.from_email, encoded, "<preview@localhost>", now, 0, 0, now)
    mail = message_from_bytes(Messages(settings, tokens).build(row), policy=policy.default)
    text, html = (part.get_content() for part in mail.iter_parts())
    return Seen(str(mail["From"]), str(mail["Subject"]), text, html)
