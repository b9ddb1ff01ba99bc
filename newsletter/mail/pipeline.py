"""Messages one behind the other over one connection: the next envelope leaves with this message's dot (RFC 2920).

So a message costs one round trip instead of four. An envelope can be taken back only by dropping the connection,
which is why nothing of a body is written before the ledger holds that it will be. A server that doesn't offer it is
asked command by command.
"""

import msgspec

from newsletter.mail.smtp import Connection, Outcome, RelayTrouble
from newsletter.mail.wire import Broken


class Parcel(msgspec.Struct, frozen=True):
    """A message as it goes on the wire: CRLF, its dots stuffed, without the final one."""

    sender: str  # of the envelope
    recipient: str
    body: bytes


class Pipeline:
    """`begin` the first; then for each `judged`, `carry`, `verdict`, as long as there is a following one."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._wire = connection.wire
        self._asked: Parcel | None = None
        self._behind = 0  # bytes written after the dot

    def begin(self, parcel: Parcel) -> None:
        """Raises Broken."""
        self._asked = parcel
        if self._connection.pipelining:
            self._wire.write(self._envelope(parcel))

    def carry(self, parcel: Parcel, following: Parcel | None) -> None:
        """The whole message, and who comes next. Raises Broken, and then nothing was handed over."""
        if not self._wire.quiet:  # what it says now would be taken for the verdict
            self._wire.cut("The server spoke before it had the message.")
        self._asked = following
        envelope = self._envelope(following) if following and self._connection.pipelining else b""
        self._behind = len(envelope)
        self._wire.write(b"".join((parcel.body, b".\r\n", envelope)))
        self._connection.carried += 1

    async def judged(self) -> Outcome | None:
        """What the server says to an envelope: None when the body may follow. Raises RelayTrouble."""
        assert self._asked
        try:
            if self._connection.pipelining:
                return await self._connection.judged()
            asked = self._asked
            return await self._connection.propose(asked.sender, asked.recipient, len(asked.body))
        except Broken as broken:
            raise RelayTrouble(str(broken)) from None

    async def verdict(self) -> Outcome:
        """What the server says to the message. Raises RelayTrouble when it has not taken it."""
        try:
            outcome = await self._connection.verdict()
        except RelayTrouble:
            self._connection.carried -= 1
            raise
        if outcome.code and self._wire.unsent > self._behind:
            self._wire.cut("The server spoke in the middle of the message.")
            if outcome.result == "sent":
                return Outcome(
                    "in_doubt", outcome.code, "The server took the message before it had all of it."
                )
        return outcome

    def _envelope(self, parcel: Parcel) -> bytes:
        return b"".join(self._connection.envelope(parcel.sender, parcel.recipient, len(parcel.body)))
