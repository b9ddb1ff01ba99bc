"""The way out: kept connections to the relay, and patience while it has trouble."""

import logging
import ssl

from newsletter import clock
from newsletter.mail.smtp import Connection, RelayTrouble, Timeouts, connect, parse_url
from newsletter.settings import Settings

_log = logging.getLogger(__name__)


class Relay:
    """Lends connections to the server that NEWSLETTER_SMTP_URL names. Raises SettingsError for a bad one."""

    def __init__(
        self, settings: Settings, timeouts: Timeouts, tls_context: ssl.SSLContext | None = None
    ) -> None:
        self._url = parse_url(settings.smtp_url)
        self._hello = settings.from_email.rpartition("@")[2]
        self._timeouts = timeouts
        self._tls_context = tls_context
        self._idle: list[tuple[float, Connection]] = []
        self._lent: set[Connection] = set()
        self._pause = 0.0
        self._ready_at = 0.0

    @property
    def ready_in(self) -> float:
        """Seconds until it is worth another try; 0 when there is no trouble, or the pause is over."""
        return max(0.0, self._ready_at - clock.monotonic())

    @property
    def troubled(self) -> bool:
        """The last word was trouble: try with one connection before many."""
        return self._pause > 0

    async def lend(self) -> Connection:
        """A kept connection, or a new one. Raises RelayTrouble."""
        while self._idle:
            _, connection = self._idle.pop()
            if connection.usable:
                break
            await connection.close()
        else:
            if self.ready_in:
                raise RelayTrouble("The relay had trouble a moment ago.")
            try:
                connection = await connect(self._url, self._hello, self._timeouts, self._tls_context)
            except RelayTrouble as trouble:
                self.had_trouble(trouble)
                raise
        self._lent.add(connection)
        return connection

    async def take_back(self, connection: Connection) -> None:
        self._lent.discard(connection)
        if connection.usable:
            self._idle.append((clock.monotonic(), connection))
        else:
            await connection.close()

    def had_trouble(self, trouble: RelayTrouble) -> float:
        """Nothing goes out for 1, 2, 4 … 60 s. Returns the seconds."""
        if not self.ready_in:
            self._pause = min(max(self._timeouts.pause, self._pause * 2), self._timeouts.longest_pause)
            self._ready_at = clock.monotonic() + self._pause
            _log.warning("%s Trying again in %.0f s; what is queued waits.", trouble, self._pause)
        return self._pause

    def was_fine(self) -> None:
        if self._pause:
            _log.info("The relay is back.")
        self._pause = self._ready_at = 0.0

    async def sweep(self) -> None:
        """Close what nobody has used for a while."""
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
