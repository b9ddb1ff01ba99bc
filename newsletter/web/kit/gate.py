"""Who may submit a form, how often, and what they must show for it. Budgets live in memory and hold no IP.

Three budgets: from one network, from one network without our own form's token (a plain form, or a program),
and from everywhere. Above a threshold, scripts must show a proof of work; the form without a script never
needs one, its tighter budget stands in for it.
"""

from base64 import b64decode
from importlib import import_module
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs

import msgspec
from litestar import Request

from newsletter.clock import HOUR, MINUTE, SECOND, moment, now
from newsletter.errors import BadInput, NewsletterError, TooMany
from newsletter.settings import Settings
from newsletter.tokens import Tokens
from newsletter.web.kit.limits import Budget
from newsletter.web.kit.origins import client_network
from newsletter.words import gettext as _

YOUNGEST = 2 * SECOND
OLDEST = 24 * HOUR
SIGN_INS = 20  # an hour, from one network
PREVIEWS = 120  # an hour, from one network
HARDNESS = 100_000  # hashes at most: about a second on a phone
_PROOF_LIVES = 10 * MINUTE

HASTY = "That was very quick. Please press the button once more."
MANY_COMMENTS = "Too many comments from here for now. Your text is kept; please send it again later."
NO_PAUSE = "Please wait %(seconds)d seconds before your next comment. Your text is kept."
MANY_PREVIEWS = "Too many previews from here for now. You can still send your comment."
ANY_COMMENT = 0
"""The form id in the tokens of comment forms: one form for all pages."""


class ProofNeeded(NewsletterError):
    """The form is being flooded: a script must solve `challenge` (ALTCHA, SHA-256) and send again."""

    def __init__(self, challenge: dict[str, Any]) -> None:
        super().__init__("Many people are sending this form right now. Please wait a moment.")
        self.challenge = challenge


class Gate:
    def __init__(self, settings: Settings, tokens: Tokens) -> None:
        self._settings = settings
        self._tokens = tokens
        self._trusted = settings.trusted_proxies
        self._secret = tokens.fingerprint("altcha", "")
        self._network, self._bare, self._total, self._pace, self._comments, self._pause = (
            Budget(1, 3600.0) for _ in range(6)
        )
        self._desk = Budget(SIGN_INS, 3600.0)
        self._previews = Budget(PREVIEWS, 3600.0)
        self._follow()

    def _follow(self) -> None:
        """The owner’s limits, as they are now."""
        now = self._settings
        self._network.allow(now.signups_per_network, 3600.0)
        self._bare.allow(now.bare_signups_per_network, 3600.0)
        self._total.allow(now.signups_total, 3600.0)
        self._pace.allow(max(1, now.proof_above), 3600.0)
        self._comments.allow(now.comments_per_network, 3600.0)
        self._pause.allow(1, float(now.comment_pause))

    def token(self, form_id: int) -> str:
        """The signed time that our own forms carry."""
        return self._tokens.make("form", form_id, now=now())

    def admit(self, request: Request[Any, Any, Any], form_id: int, token: str) -> None:
        """Counts one sign-up. Raises TooMany, or BadInput when our form comes back faster than a person types."""
        self._follow()
        own = self._own(form_id, token)
        network = client_network(request.scope, self._trusted)
        budgets = [(self._network, network), (self._total, "")]
        if not own:
            budgets.insert(0, (self._bare, network))
        for budget, key in budgets:
            if wait := budget.take(key):
                raise TooMany("Too many sign-ups from here for now. Please try again later.", int(wait) + 1)
        self._pace.take()

    def admit_comment(self, request: Request[Any, Any, Any], email_key: str, token: str) -> None:
        """Counts one comment. Raises TooMany, or BadInput when our form comes back faster than a person types."""
        self._follow()
        self._own(ANY_COMMENT, token)
        network = client_network(request.scope, self._trusted)
        if wait := self._comments.take(network):
            raise TooMany(MANY_COMMENTS, int(wait) + 1)
        # From one network: else a stranger could tell that somebody has just written, and keep them from writing.
        if self._settings.comment_pause and (wait := self._pause.take(f"{network} {email_key}")):
            raise TooMany(_(NO_PAUSE) % {"seconds": int(wait) + 1}, int(wait) + 1)
        self._pace.take()

    def admit_preview(self, request: Request[Any, Any, Any]) -> None:
        """Counts one preview. Raises TooMany."""
        if wait := self._previews.take(client_network(request.scope, self._trusted)):
            raise TooMany(MANY_PREVIEWS, int(wait) + 1)

    def sign_in(self, request: Request[Any, Any, Any]) -> int:
        """Counts one try to sign in; seconds to wait when there were too many from this network."""
        wait = self._desk.take(client_network(request.scope, self._trusted))
        return int(wait) + 1 if wait else 0

    def _own(self, form_id: int, token: str) -> bool:
        """Whether the token of our own form came along. Too young is refused; too old counts as none."""
        if not token:
            return False
        moment_now = now()
        try:
            age = self._tokens.age("form", token, moment_now)
            made_for = self._tokens.read("form", token, moment_now, OLDEST)
        except NewsletterError:
            return False
        if age < YOUNGEST:
            raise BadInput(HASTY)
        return made_for == (form_id,)

    def proof(self, solution: str) -> tuple[str, int] | None:
        """The nonce and expiry (ms) of a solved challenge, to be spent with the sign-up; None if none is needed.

        Raises ProofNeeded when one is needed and this is none, or none any more.
        """
        if not solution:
            self._follow()
            if self._pace.used() < self._settings.proof_above:
                return None
            raise ProofNeeded(self.challenge())
        spendable = self._solved(solution)
        if spendable is None or spendable[1] < now():
            raise ProofNeeded(self.challenge())
        return spendable

    def _solved(self, solution: str) -> tuple[str, int] | None:
        """What is spent is the signed hash, not the text that carries it: that has many spellings."""
        try:
            shown = msgspec.json.decode(b64decode(solution, validate=True), type=_Solution)
            solved, _ = _altcha().verify_solution(
                msgspec.to_builtins(shown), self._secret, check_expires=False
            )
            expires_at = int(parse_qs(shown.salt.partition("?")[2])["expires"][0]) * SECOND
        except (ValueError, KeyError):
            return None
        return (shown.challenge, expires_at) if solved else None

    def challenge(self) -> dict[str, Any]:
        altcha = _altcha()
        fresh = altcha.create_challenge(
            altcha.ChallengeOptions(
                hmac_key=self._secret, max_number=HARDNESS, expires=moment(now() + _PROOF_LIVES)
            )
        )
        told: dict[str, Any] = fresh.to_dict()
        return {**told, "maxnumber": HARDNESS}


def _altcha() -> ModuleType:
    """Loaded when somebody floods a form, which most never see."""
    return import_module("altcha.v1")


class _Solution(msgspec.Struct):
    """What ALTCHA's clients send, version 1."""

    algorithm: str
    challenge: str
    number: int
    salt: str
    signature: str
