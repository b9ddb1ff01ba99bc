"""All that a request to the API passes: its address, its token, its limits, its body; and how it is answered."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

import msgspec

from newsletter import clock
from newsletter.errors import BadInput, NewsletterError, NotFound, TooMany
from newsletter.owners import ApiToken, ApiTokens, audit
from newsletter.web.api import reading
from newsletter.web.api.asking import GONE, Call, Endpoint, Refusal, Reply, etag
from newsletter.web.api.files import JSON, arrived, judge
from newsletter.web.api.openapi import description
from newsletter.web.api.table import ENDPOINTS
from newsletter.web.kit import problems, traces
from newsletter.web.kit.limits import Budget
from newsletter.web.kit.origins import client_network
from newsletter.web.kit.site import Site

ROOT = "/api/v1"
DESCRIPTION = "/api/openapi.json"
PER_MINUTE = 600  # requests of one token
WRONG_TOKENS = 60  # an hour, from one network
PROBLEM = "application/problem+json"
LONGEST_KEY = 255

UNSIGNED = "Send a token: Authorization: Bearer nl_…"
UNKNOWN = "This token is not one of ours, or was revoked, or has expired."
NO_MATCH = "Send the ETag of what you read as If-Match, so that nobody’s change is lost."
NO_MATCH_NOR_NONE = f"{NO_MATCH} Where there was none, send If-None-Match: *"
BAD_KEY = f"An Idempotency-Key is 1 to {LONGEST_KEY} printable ASCII characters."

_HANDS_OUT = re.compile(r"^export/|/(data|consent|refused|secret)$")

Headers = dict[str, str]


def is_noted(endpoint: Endpoint) -> bool:
    """Whether it stands in the audit log that it was used."""
    return endpoint.method != "GET" or bool(_HANDS_OUT.search(endpoint.path.lstrip("/")))


class Door:
    """An ASGI app. Each answer is JSON, or a problem (RFC 9457); the edge around it has the last word on 500s."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._noting = traces.traced(site)
        self._budget = Budget(PER_MINUTE, 60.0)
        self._wrong = Budget(WRONG_TOKENS, 3600.0)
        self._description = b""

    async def __call__(self, scope: Any, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        given = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        said: Headers = {}
        try:
            status, content, media_type = await self._answer(scope, given, receive, said)
        except NewsletterError as error:
            status, content, media_type = *_problem(error, said), PROBLEM
        if isinstance(content, bytes):
            said["Content-Length"] = str(len(content))
        headers = {"Cache-Control": "no-store", **said}
        if media_type and status not in (204, 304):
            headers["Content-Type"] = media_type
        raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        if not isinstance(content, bytes):
            async for piece in content:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            content = b""
        await send({"type": "http.response.body", "body": content, "more_body": False})

    async def _answer(
        self, scope: Any, given: Mapping[str, str], receive: Callable[[], Any], said: Headers
    ) -> tuple[int, Any, str]:
        """Status, body and media type; its headers are put into `said`. Raises NewsletterError."""
        if scope["path"] == DESCRIPTION:
            return self._described(scope["method"], said)
        methods, path = found(scope)
        if scope["method"] not in methods:
            said["Allow"] = allowed(methods)
            if scope["method"] == "OPTIONS":
                return 204, b"", ""
            raise Refusal(405, "Not possible", "This address can’t be used that way.")
        endpoint: Endpoint = methods[scope["method"]]
        token = await self._token(scope, given)
        self._count(token, said)
        if not token.may(endpoint.scope):
            raise Refusal(
                403, "Not allowed", f"This token lacks the scope {endpoint.scope}.",
                WWW_Authenticate=f'Bearer error="insufficient_scope", scope="{endpoint.scope}"',
            )  # fmt: skip
        call = await self._call(scope, given, endpoint, token, path)
        async with arrived(self._site.settings, endpoint, receive) as came:
            try:
                call.body, call.file = _body(endpoint, came.raw), came.file
            except reading.Wrong as error:
                raise await _all_told(call, endpoint, error) from None
            if endpoint.method == "POST" and (key := given.get("idempotency-key")) is not None:
                return await self._once(call, endpoint, key, scope, came.raw, said)
            return self._given(await self._done(call, endpoint), endpoint, given, said)

    def _described(self, method: str, said: Headers) -> tuple[int, bytes, str]:
        if method != "GET":
            said["Allow"] = "GET, HEAD, OPTIONS"
            if method == "OPTIONS":
                return 204, b"", ""
            raise Refusal(405, "Not possible", "This address can’t be used that way.")
        if not self._description:
            self._description = msgspec.json.encode(
                description(ENDPOINTS, self._site.settings.public_url + ROOT)
            )
        return 200, self._description, JSON

    async def _token(self, scope: Any, given: Mapping[str, str]) -> ApiToken:
        """Whose request it is. Raises Refusal, TooMany."""
        scheme, _, text = given.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not text.strip():
            raise Refusal(401, "No token", UNSIGNED, WWW_Authenticate='Bearer realm="newsletter"')
        site = self._site
        token = await site.db.read(site.api_tokens.find, text.strip())
        if token is None:
            if wait := self._wrong.take(client_network(scope, site.settings.trusted_proxies)):
                raise TooMany("Too many wrong tokens from here. Please wait a little.", int(wait) + 1)
            how = 'Bearer realm="newsletter", error="invalid_token"'
            raise Refusal(401, "No such token", UNKNOWN, WWW_Authenticate=how)
        if ApiTokens.is_stale(token, clock.now()):
            await site.db.write(site.api_tokens.seen, token.id)
        return token

    def _count(self, token: ApiToken, said: Headers) -> None:
        """Raises TooMany."""
        wait = self._budget.take(str(token.id))
        left = max(0, PER_MINUTE - self._budget.used(str(token.id)))
        said["RateLimit-Policy"] = f'"token";q={PER_MINUTE};w=60'
        said["RateLimit"] = f'"token";r={left};t={int(wait) + 1 if wait else 60}'
        if wait:
            raise TooMany("Too many requests with this token. Please wait a moment.", int(wait) + 1)

    async def _call(
        self,
        scope: Any,
        given: Mapping[str, str],
        endpoint: Endpoint,
        token: ApiToken,
        path: dict[str, str],
    ) -> Call:
        """All but its body. Raises BadInput, Refusal."""
        judge(endpoint, given)
        said = given.get("if-none-match") if endpoint.makes else None
        none = said is not None and said.strip() == "*"
        if endpoint.matches and not none and (said is not None or "if-match" not in given):
            raise Refusal(428, "Which one?", NO_MATCH_NOR_NONE if endpoint.makes else NO_MATCH)
        head = bool(scope.get("state", {}).get("head"))
        call = Call(self._noting, token, path, None, None, given.get("if-match", ""), none, head)
        try:
            call.query = reading.query(scope.get("query_string", b""), endpoint.asks)
        except reading.Wrong as error:
            raise await _all_told(call, endpoint, error) from None
        return call

    async def _done(self, call: Call, endpoint: Endpoint) -> Reply:
        """Noted in the audit log where it changes something, or hands out a file. Raises NewsletterError."""
        where, changes = endpoint.path.lstrip("/"), endpoint.method != "GET"
        if is_noted(endpoint) and not call.head:
            actor = audit.Actor("api", call.token.id, call.token.prefix)
            object = next(iter(call.path.values()), "")
            taken = None if changes else self._site.db
            verb = f"{endpoint.method} {where}"
            traces.begin(traces.Trace(actor, where.partition("/")[0], verb, object, takes_out=taken))
        if endpoint.judges:
            sent = reading.given(call.body if endpoint.takes else call.query)
            if errors := await endpoint.judges(call, sent):
                raise BadInput(reading.WRONG, errors)
        reply = await endpoint.does(call)
        await traces.taken_out()
        return reply

    @staticmethod
    def _given(
        reply: Reply, endpoint: Endpoint, given: Mapping[str, str], said: Headers
    ) -> tuple[int, Any, str]:
        if reply.location:
            said["Location"] = ROOT + reply.location
        if reply.stream is not None:
            return endpoint.status, reply.stream, reply.media_type
        if endpoint.single:
            said["ETag"] = etag(reply.content)
            said["Cache-Control"] = "private, no-cache"
            seen = [one.strip().removeprefix("W/") for one in given.get("if-none-match", "").split(",")]
            if endpoint.method == "GET" and (said["ETag"] in seen or "*" in seen):
                return 304, b"", ""
        content = b"" if reply.content is None else msgspec.json.encode(reply.content)
        return endpoint.status, content, reply.media_type if content else ""

    async def _once(
        self, call: Call, endpoint: Endpoint, key: str, scope: Any, raw: bytes, said: Headers
    ) -> tuple[int, Any, str]:
        """Done once for a key; a failure, which changes nothing, leaves the key unused. Raises NewsletterError."""
        if not 1 <= len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
            raise BadInput(BAD_KEY, {"Idempotency-Key": BAD_KEY})
        site, token = self._site, call.token.id
        what = b"%b %b?%b\n%b" % (endpoint.method.encode(), _raw(scope), scope.get("query_string", b""), raw)
        hashed = site.tokens.fingerprint("api-key", key)
        request = site.tokens.fingerprint("api-request", what.hex())
        kept = await site.db.write(site.answers.begin, token, hashed, request)
        if kept is not None:
            said["Idempotency-Replayed"] = "true"
            if kept.location:
                said["Location"] = kept.location
            return kept.status, kept.body.encode(), JSON if kept.body else ""
        try:
            status, content, media_type = self._given(await self._done(call, endpoint), endpoint, {}, said)
        except Exception:
            await site.db.write(site.answers.free, token, hashed)
            raise
        text = content.decode()
        await site.db.write(site.answers.keep, token, hashed, status, said.get("Location", ""), text)
        return status, content, media_type


def found(scope: Any) -> tuple[dict[str, Endpoint], dict[str, str]]:
    """What can be done at an address, by method, and the names in its path. Raises NotFound."""
    raw = _raw(scope).decode("latin-1")
    if raw.startswith(ROOT + "/"):
        try:
            parts = [unquote(part, errors="strict") for part in raw.removeprefix(ROOT + "/").split("/")]
        except UnicodeError:
            raise NotFound(GONE) from None
        for template, methods in _ROUTES.get(len(parts), ()):
            if all(own == part or own[:1] == "{" for own, part in zip(template, parts, strict=True)):
                names = zip(template, parts, strict=True)
                return methods, {own[1:-1]: part for own, part in names if own[:1] == "{"}
    raise NotFound(GONE)


def _raw(scope: Any) -> bytes:
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    return path.partition(b"?")[0]


def _routes() -> dict[int, list[tuple[list[str], dict[str, Endpoint]]]]:
    """By how many parts an address has; words stand before names."""
    by_path: dict[str, dict[str, Endpoint]] = {}
    for endpoint in sorted(ENDPOINTS, key=lambda one: one.path.replace("{", "\x7f")):
        by_path.setdefault(endpoint.path, {})[endpoint.method] = endpoint
    routes: dict[int, list[tuple[list[str], dict[str, Endpoint]]]] = {}
    for path, methods in by_path.items():
        parts = path.removeprefix("/").split("/")
        routes.setdefault(len(parts), []).append((parts, methods))
    return routes


_ROUTES = _routes()


def allowed(methods: Mapping[str, Endpoint]) -> str:
    """As the header Allow says it."""
    return ", ".join(sorted({*methods, "OPTIONS"} | ({"HEAD"} if "GET" in methods else set())))


def _body(endpoint: Endpoint, raw: bytes) -> msgspec.Struct | None:
    """Raises BadInput."""
    if endpoint.takes:
        return reading.body(raw, endpoint.takes)
    if raw and not endpoint.file:
        raise BadInput("Nothing can be sent along here.")
    return None


async def _all_told(call: Call, endpoint: Endpoint, error: reading.Wrong) -> BadInput:
    """What is wrong with some fields, and what else with those that are well each by itself."""
    more = await endpoint.judges(call, error.right) if endpoint.judges else {}
    return BadInput(error.sentence, {**more, **error.fields})


def _problem(error: NewsletterError, said: Headers) -> tuple[int, bytes]:
    """RFC 9457; its headers are put into `said`."""
    if isinstance(error, Refusal):
        status, title, headers = error.status, error.title, error.headers
    else:
        status, title, headers = problems.outcome(error)
    said |= headers
    content = {"type": "about:blank", "title": title, "status": status, "detail": error.sentence}
    extra = {"errors": error.fields} if isinstance(error, BadInput) and error.fields else {}
    return status, msgspec.json.encode(content | extra)
