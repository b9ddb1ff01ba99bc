"""One message over one connection: made, handed over, and what becomes of it."""

import logging
import traceback

from newsletter.clock import SECOND
from newsletter.errors import Unavailable
from newsletter.mail.bounces.sender import envelope_sender
from newsletter.mail.claims import Delivery
from newsletter.mail.headers import MessageError
from newsletter.mail.ledger import Settlement, release, settlement
from newsletter.mail.messages import Messages, attachments
from newsletter.mail.relay import Relay
from newsletter.mail.smtp import Connection, Outcome, RelayTrouble
from newsletter.settings import Settings
from newsletter.storage import Database
from newsletter.tokens import Tokens

_log = logging.getLogger(__name__)


class Handover:
    """Raises SettingsError when NEWSLETTER_FROM can't stand in a mail, or a DKIM key can't be used."""

    def __init__(self, db: Database, settings: Settings, tokens: Tokens, relay: Relay) -> None:
        self._db = db
        self._settings = settings
        self._tokens = tokens
        self._messages = Messages(settings, tokens)
        self._relay = relay

    async def deliver(self, connection: Connection, row: Delivery) -> Settlement:
        """Whatever is wrong with one message, the others go on."""
        try:
            message = self._messages.build(row, await self._db.read(attachments, row))
        except Unavailable:
            return release(row, "The database was away.", 10 * SECOND)
        except MessageError as error:
            _log.error("Message %d (%s) can't be made: %s", row.id, row.message, error)
            return settlement(row, "failed", str(error))
        except Exception as error:  # noqa: BLE001  a fault in a template's filter, say
            _log.error("Message %d (%s) can't be made: %s", row.id, row.message, where(error))
            return settlement(row, "failed", f"It can't be made ({type(error).__name__}).")
        try:
            return await self._send(connection, row, message)
        except Exception as error:  # noqa: BLE001  we can't tell how far it came
            _log.error("Message %d is in doubt: %s", row.id, where(error))
            connection.cut()
            return settlement(row, "in_doubt", f"A fault in the worker ({type(error).__name__}).")

    async def _send(self, connection: Connection, row: Delivery, message: bytes) -> Settlement:
        try:
            sender = envelope_sender(self._settings, self._tokens, row.id)
            outcome = await connection.send(sender, row.recipient, message)
        except RelayTrouble as trouble:
            # A kept connection may end at any time; only a fresh one tells of the relay.
            pause = 0 if connection.carried else self._relay.had_trouble(trouble)
            return release(row, str(trouble), int(pause * SECOND))
        self._heed(row, outcome)
        return settlement(row, outcome.result, outcome.words)

    def _heed(self, row: Delivery, outcome: Outcome) -> None:
        if outcome.result == "in_doubt":
            _log.warning("Message %d is in doubt: %s", row.id, outcome.words)
            self._relay.had_trouble(RelayTrouble("The relay took a message and did not answer."))
            return
        self._relay.was_fine()
        if outcome.result != "sent":
            _log.info("Message %d is %s: the relay said %d.", row.id, outcome.result, outcome.code)


def where(error: Exception) -> str:
    """What and where, without the exception's own words, which may hold an address."""
    return f"{type(error).__name__}\n{''.join(traceback.format_tb(error.__traceback__))}"
