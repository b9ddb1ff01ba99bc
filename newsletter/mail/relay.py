"""The way out: kept connections to the relay, and patience while it has trouble."""

import logging
import ssl
from contextlib import suppress

import msgspec

from newsletter import clock
from newsletter.clock import SECOND
from newsletter.mail.limits import Meter
from newsletter.mail.smtp import MOST_PER_CONNECTION, Connection, RelayTrouble, Timeouts, connect, parse_url
from newsletter.settings import Settings

_log = logging.getLogger(__name__)


class Pause(msgspec.Struct, frozen=True):
    """Nothing goes out for a while. It ends by this process's own clock, which never jumps."""

    seconds: float  # 0: all is well
    over_at: float  # monotonic

    @property
    def left(self) -> float:
        return max(0.0, self.over_at - clock.monotonic())


_NONE = Pause(0.0, 0.0)


class Relay:
    """Lends connections to the server that the settings name now. Raises SettingsError for a bad one.

    An owner may name another one while mail is on its way: each connection ends with the message that it carries,
    and the next goes by the new one. What it learns of the server is `news` until it is written down for the other
    workers; what they have written down is heeded.
    """

    def __init__(
        self, settings: Settings, timeouts: Timeouts, tls_context: ssl.SSLContext | None = None
    ) -> None:
        self._settings = settings
        self._named = settings.smtp_url
        self._url = parse_url(settings.smtp_url)
        self._timeouts = timeouts
        self._tls_context = tls_context
        self._idle: list[tuple[float, Connection]] = []
        self._lent: set[Connection] = set()
        self._pause = self._told = _NONE
        self.urgent = False
        """A transactional message found no way out: what goes to many leaves it one."""
        self.beyond_ascii: bool | None = None  # as `Connection` has it; None: it was not asked yet
        self.tellings = 0  # how often the row was written or heeded
        self._known = 0  # until when the row says that nothing goes out, as last written or read

    @property
    def ready_in(self) -> float:
        """Seconds until it is worth another try; 0 when there is no trouble, or the pause is over."""
        return self._pause.left

    @property
    def troubled(self) -> bool:
        """The last word was trouble: try with one connection before many."""
        return self._pause.seconds > 0

    def _follow(self) -> None:
        """To the server that is named now: trouble with another one says nothing of it."""
        if self._settings.smtp_url == self._named:
            return
        self._named = self._settings.smtp_url
        self._url = parse_url(self._named)
        self._pause = _NONE
        self.beyond_ascii = None
        for connection in (*self._lent, *(one for _, one in self._idle)):
            connection.carried = MOST_PER_CONNECTION
        _log.info("The relay is another one from now on.")

    def goes_on(self, connection: Connection) -> bool:
        """Whether it may carry another message."""
        self._follow()
        return connection.usable

    async def lend(self) -> Connection:
        """A kept connection, or a new one. Raises RelayTrouble."""
        self._follow()
        while self._idle:
            _, connection = self._idle.pop()
            if connection.usable:
                break
            await connection.close()
        else:
            if self.ready_in:
                raise RelayTrouble("The relay had trouble a moment ago.")
            try:
                connection = await self._connected()
            except RelayTrouble as trouble:
                self.had_trouble(trouble)
                raise
        self._lent.add(connection)
        return connection

    async def _connected(self) -> Connection:
        while True:
            named, hello = self._named, self._settings.from_email.rpartition("@")[2]
            connection = await connect(self._url, hello, self._timeouts, self._tls_context)
            self._follow()
            if named == self._named:
                break
            await connection.close()
        self.beyond_ascii = connection.beyond_ascii
        return connection

    async def ask(self) -> None:
        """What it offers, before there is any mail. One that is not there yet is no trouble: nothing waits for it."""
        with suppress(RelayTrouble):
            await self.take_back(await self._connected())

    async def take_back(self, connection: Connection) -> None:
        self._lent.discard(connection)
        if connection.usable:
            self._idle.append((clock.monotonic(), connection))
        else:
            await connection.close()

    def had_trouble(self, trouble: RelayTrouble) -> float:
        """Nothing goes out for 1, 2, 4 … 60 s. Returns the seconds."""
        if not self.ready_in:
            seconds = min(max(self._timeouts.pause, self._pause.seconds * 2), self._timeouts.longest_pause)
            self._pause = Pause(seconds, clock.monotonic() + seconds)
            _log.warning("%s Trying again in %.0f s; what is queued waits.", trouble, seconds)
        return self._pause.seconds

    def was_fine(self) -> None:
        if self.troubled:
            _log.info("The relay is back.")
            self._pause = _NONE

    @property
    def news(self) -> Pause | None:
        """What the row doesn't hold yet. There is none as long as all is well."""
        return None if self._pause is self._told else self._pause

    def told(self, pause: Pause, until: int) -> None:
        """The row holds `pause` now, as lasting until then (ms)."""
        self._told = pause
        self._known = until
        self.tellings += 1

    def heed(self, meter: Meter, now: int, tellings: int) -> None:
        """What another worker wrote, or this one before a restart. It is waited out once, and at most for its
        own length, whatever the machines' clocks say. What was read before we wrote, at an earlier count of
        `tellings`, is old."""
        if self.news or meter.paused_until == self._known or tellings != self.tellings:
            return
        seconds = meter.pause / SECOND
        left = min(max(meter.paused_until - now, 0) / SECOND, seconds)
        self._pause = Pause(seconds, clock.monotonic() + left) if seconds else _NONE
        self.told(self._pause, meter.paused_until)
        if left:
            _log.warning(
                "The relay had trouble a moment ago. Trying again in %.0f s; what is queued waits.", left
            )

    async def sweep(self) -> None:
        """Close what nobody has used for a while, or what leads to a server that isn't ours any more."""
        self._follow()
        now = clock.monotonic()
        old = [
            connection
            for since, connection in self._idle
            if now - since > self._timeouts.idle or not connection.usable
        ]
        self._idle = [(since, connection) for since, connection in self._idle if connection not in old]
        for connection in old:
            await connection.close()

    def cut(self) -> None:
        """Drop the lent connections; whoever holds one learns it at once."""
        for connection in self._lent:
            connection.cut()

    async def close(self) -> None:
        for _, connection in self._idle:
            await connection.close()
        self._idle = []
