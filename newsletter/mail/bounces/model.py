"""What a mail that came back is understood to say."""

from typing import Literal

import msgspec

Kind = Literal["hard", "soft", "policy", "complaint", "auto", "unknown"]


class Report(msgspec.Struct, frozen=True):
    kind: Kind
    tokens: tuple[str, ...] = ()
    """Of which messages it may speak, as they stand in it; the likeliest first. Nothing says that they are ours."""

    status: str = ""
    """``5.1.1``, where it says one."""

    words: str = ""
    """The server's, without any address."""


class Event(msgspec.Struct, frozen=True):
    """What a provider that sends for us says of one message, over a connection that says who it is."""

    report: Report
    id: str
    """The provider's own for this event: the same again is known by it."""

    recipient: str
    message_id: str = ""
    """Ours, with its angle brackets, where the provider has kept it."""
