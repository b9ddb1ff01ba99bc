"""All that a request of a provider passes: whether it is set up, who signed it, and what follows from it."""

from base64 import b64decode
from binascii import Error
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from newsletter.clock import SECOND, now
from newsletter.errors import BadInput, NewsletterError, NotFound, Refused, TooMany
from newsletter.mail.bounces.events import READERS
from newsletter.mail.bounces.model import Event
from newsletter.mail.bounces.signatures import by_curve, by_secret, same
from newsletter.providers import read_hooks
from newsletter.web.hooks.fetching import Fetch
from newsletter.web.hooks.sns import FORGED, LATE, WINDOW, Sns, decoded
from newsletter.web.kit import problems
from newsletter.web.kit.limits import Budget
from newsletter.web.kit.origins import client_network
from newsletter.web.kit.site import Site

ROOT = "/hooks/bounces/"
WRONG = 60  # an hour, from one network

UNKNOWN = "No provider is set up here by that name. See NEWSLETTER_BOUNCE_HOOKS."
UNREADABLE = "This is no JSON that can be read."
NO_METHOD = "This address takes POST only."

Headers = Mapping[str, str]


class Door:
    """An ASGI app. What it can't keep now is answered 503, so that the provider tries again."""

    def __init__(self, site: Site, fetch: Fetch | None = None) -> None:
        self._site = site
        self._secrets = read_hooks(site.settings.bounce_hooks)
        self._sns = Sns(self._secrets.get("ses", ()), fetch or Fetch())
        self._wrong = Budget(WRONG, 3600.0)

    async def __call__(self, scope: Any, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        said: dict[str, str] = {"Cache-Control": "no-store", "Content-Type": "application/json"}
        try:
            status, content = await self._answer(scope, receive, said)
        except NewsletterError as error:
            status, title, more = problems.outcome(error)
            content = {"type": "about:blank", "title": title, "status": status, "detail": error.sentence}
            said |= more | {"Content-Type": "application/problem+json"}
        body = b"" if content is None else msgspec.json.encode(content)
        headers = [(name.lower().encode(), value.encode()) for name, value in said.items()]
        headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    async def _answer(
        self, scope: Any, receive: Callable[[], Any], said: dict[str, str]
    ) -> tuple[int, dict[str, Any] | None]:
        provider = scope["path"].removeprefix(ROOT)
        if provider not in self._secrets:
            raise NotFound(UNKNOWN)
        if scope["method"] != "POST":
            said["Allow"] = "POST, OPTIONS"
            if scope["method"] == "OPTIONS":
                return 204, None
            problem = {"type": "about:blank", "title": "Not possible", "status": 405, "detail": NO_METHOD}
            return 405, problem
        network = client_network(scope, self._site.settings.trusted_proxies)
        if self._wrong.used(network) >= WRONG:
            raise TooMany("Too many messages from here that nobody signed.", 600)
        raw = await _whole(receive)
        given = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            heard = await self._heard(provider, given, raw, network)
        except (Refused, BadInput):
            self._wrong.take(network)
            raise
        taken = [await self._site.db.write(self._site.returns.hear, provider, event) for event in heard]
        return 200, {"events": len(taken), "new": len(taken) - taken.count("ignored")}

    async def _heard(self, provider: str, given: Headers, raw: bytes, network: str) -> list[Event]:
        """Raises Refused, BadInput, Unavailable."""
        if provider == "ses":
            return await self._sns.read(raw, network)
        secrets = self._secrets[provider]
        if provider == "sendgrid":
            _sendgrid(secrets, given, raw)
            return READERS[provider](decoded(raw, UNREADABLE), "")
        said = decoded(raw, UNREADABLE) if provider == "mailgun" else None
        if provider == "mailgun":
            return READERS[provider](said, _mailgun(secrets, said))
        if not any(same(secret, _shown(given)) for secret in secrets):
            raise Refused(FORGED)
        return READERS[provider](decoded(raw, UNREADABLE), "")


def _sendgrid(keys: tuple[str, ...], given: Headers, raw: bytes) -> None:
    """It signs its time and the body as it is. Raises Refused, BadInput."""
    signature = given.get("x-twilio-email-event-webhook-signature", "")
    at = given.get("x-twilio-email-event-webhook-timestamp", "")
    if not any(by_curve(key, signature, at.encode("latin-1") + raw) for key in keys):
        raise Refused(FORGED)
    _in_time(at)


def _mailgun(keys: tuple[str, ...], said: Any) -> str:
    """It signs a time and a token, and not what it tells: so each token counts once, and is what it returns.

    Raises Refused, BadInput.
    """
    signature = said.get("signature") if isinstance(said, dict) else None
    fields = signature if isinstance(signature, dict) else {}
    at, token, signed = (str(fields.get(name, ""))[:200] for name in ("timestamp", "token", "signature"))
    if not token or not any(by_secret(key, signed, f"{at}{token}".encode()) for key in keys):
        raise Refused(FORGED)
    _in_time(at)
    return token


def _in_time(seconds: str) -> None:
    """Raises Refused."""
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) < 15):
        raise Refused(LATE)
    if abs(now() - int(seconds) * SECOND) > WINDOW:
        raise Refused(LATE)


def _shown(given: Headers) -> str:
    """The password of HTTP's Basic, or a bearer's token: these two providers sign nothing."""
    scheme, _, rest = given.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return b64decode(rest.strip(), validate=True).decode("utf-8").partition(":")[2]
    except (Error, ValueError):
        return ""


async def _whole(receive: Callable[[], Awaitable[Any]]) -> bytes:
    """The body, all of it: one that was cut off changes nothing. Raises what the edge raises."""
    parts: list[bytes] = []
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadInput("This request was cut off.")
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)
