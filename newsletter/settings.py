"""The settings, read once from the environment or a TOML file; the environment wins.

A value that can't be used stops the start with one sentence that names it.
"""

import os
import secrets
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from email.utils import parseaddr
from importlib import import_module
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

import msgspec

from newsletter.addresses import parse, parse_ascii
from newsletter.errors import BadInput, SettingsError
from newsletter.providers import DomainLimit, read_hooks, read_limits

PREFIX = "NEWSLETTER_"
SHORTEST_KEY = 32
_T = TypeVar("_T")
_MAY_BE_0 = frozenset(
    {"reminder_hours", "proof_above", "comment_pause", "mail_per_minute", "mail_per_day", "ramp_up"}
)
DATABASES = ("sqlite:///", "postgresql://", "postgres://")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    database_url: str = "sqlite:///newsletter.db"
    public_url: str = "http://localhost:8000"
    smtp_url: str = "smtp://127.0.0.1:25?tls=off"
    from_name: str = "Newsletter"
    from_email: str = "newsletter@localhost.localdomain"
    reply_to: str = ""  # where answers go; '': to `from_email`
    owner_email: str | None = None
    secret_keys: tuple[str, ...] = ()  # newest first
    allowed_origins: tuple[str, ...] = ()
    postal_address: str = ""
    trusted_proxies: tuple[str, ...] = ()  # networks whose X-Forwarded-For counts

    confirmation_days: int = 7
    download_days: int = 30
    reminder_hours: int = 48  # 0: never remind
    pending_days: int = 30
    store_ip: bool = False
    second_step: bool = False  # whether everybody at the desk has to have one
    signups_per_network: int = 20  # an hour, from one /24 or /48
    bare_signups_per_network: int = 10  # an hour, of those without our form's signed token
    signups_total: int = 2_000  # an hour, from everywhere
    proof_above: int = 200  # sign-ups an hour above which scripts must show a proof of work; 0: always
    comments_per_network: int = 20  # an hour, from one /24 or /48
    comment_pause: int = 15  # seconds between two comments of one address; 0: none
    mail_per_minute: int = 0  # of all kinds, by all workers together; 0: as fast as the relay takes them
    mail_per_day: int = 0  # in any 24 hours; 0: no limit
    domain_limits: tuple[DomainLimit, ...] = ()  # for each mailbox provider, of what goes to many
    dkim_keys: tuple[str, ...] = ()  # selector=file, one or two: what signs for the domain of `from`
    ramp_up: int = 0  # mails a day to many when a domain is new, twice as many each day; 0: no ramp
    mail_connections: int = 4  # to the relay at once, for what goes to many
    bounce_hooks: tuple[str, ...] = ()  # provider=secret: who sends for us and tells what came back
    bounce_domain: str = ""  # whose mail comes to `newsletter bounces`; '': bounces go to the From's address
    bounce_mailbox: str = ""  # imaps:// or pop3s://, for `newsletter bounces poll`
    in_doubt: Literal["resend", "ask"] = "resend"  # what may have arrived of a broadcast
    brand_colour: str = ""  # "#rrggbb", of the buttons and links in mails; '': ours
    logo: str = ""  # a PNG's path, shown at the top of each mail
    clicks: bool = False  # whether it is counted how often a broadcast's links are followed
    import_mb: int = 100  # the largest file of subscribers that the desk takes, in MB
    language: Literal["en", "de"] = "en"  # of all that readers and the owner see
    time_zone: str = "UTC"  # the owner's: for all that the desk says, and for scheduled broadcasts
    metrics_token: str = ""  # who sends it may read /metrics; '': nobody
    log_format: Literal["text", "json"] = "text"

    @property
    def public_origin(self) -> str:
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def page_origins(self) -> tuple[str, ...]:
        """Whose pages may have comments: the owner's, and what is served beside us under our own origin."""
        return (*self.allowed_origins, self.public_origin)

    @property
    def public_host(self) -> str:
        return urlsplit(self.public_url).netloc

    @property
    def secure(self) -> bool:
        return self.public_url.startswith("https://")


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from the process's environment (or the given one) and the file it names.

    Raises SettingsError.
    """
    given = os.environ if environment is None else environment
    values = read_file(given.get(f"{PREFIX}CONFIG"))
    known = {*Settings.__struct_fields__, "from", "secret_key"} - {"from_name", "from_email", "secret_keys"}
    for name in known:
        if (value := given.get(PREFIX + name.upper())) is not None:
            values[name] = value
    if unknown := values.keys() - known:
        raise SettingsError(f"There is no setting called {min(unknown)!r}. See deploy/settings.example.env.")
    return _checked(values)


def with_environment(more: Mapping[str, str]) -> dict[str, str]:
    """Ours and more, for a program that we start."""
    return {**os.environ, **more}


def read_file(path: str | None) -> dict[str, Any]:
    if not path:
        return {}
    try:
        read = import_module("tomllib").loads(Path(path).read_text("utf-8"))  # most have no such file
    except OSError as error:
        raise SettingsError(f"NEWSLETTER_CONFIG: can't read {path}: {error.strerror}.") from None
    except ValueError as error:
        raise SettingsError(f"NEWSLETTER_CONFIG: {path} is no TOML: {error}") from None
    return {name.lower(): value for name, value in read.items()}


def _checked(values: dict[str, Any]) -> Settings:
    _database(values.get("database_url"))
    sender = values.pop("from", None)
    keys = _words(values.pop("secret_key", ""))
    domain_limits = _read("DOMAIN_LIMITS", read_limits, _words(values.pop("domain_limits", "")))
    for name in ("allowed_origins", "trusted_proxies", "dkim_keys", "bounce_hooks"):
        if name in values:
            values[name] = _words(values[name])
    try:
        settings = msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        name = str(error).rpartition("`$.")[2].rstrip("`").upper()
        raise SettingsError(f"{PREFIX}{name} has a value that can't be used: {error}.") from None
    settings = msgspec.structs.replace(
        settings,
        public_url=web_address("PUBLIC_URL", settings.public_url),
        allowed_origins=tuple(web_address("ALLOWED_ORIGINS", o) for o in settings.allowed_origins),
        reply_to=_address("REPLY_TO", settings.reply_to) if settings.reply_to else "",
        owner_email=_address("OWNER_EMAIL", settings.owner_email) if settings.owner_email else None,
        domain_limits=domain_limits,
        bounce_domain=_bounce_domain(settings.bounce_domain),
        secret_keys=_keys(keys) or _own_key(settings.database_url),
    )
    _networks(settings.trusted_proxies)
    _read("BOUNCE_HOOKS", read_hooks, settings.bounce_hooks)
    positive(settings)
    zone_exists(settings.time_zone)
    _metrics_token(settings.metrics_token)
    return _with_sender(settings, sender)


def _database(url: Any) -> None:
    """First of all: the secret key depends on it. Whatever may hold a password is not shown."""
    if not isinstance(url, str) or url.startswith(DATABASES):
        return
    scheme, found, _ = url.partition("://")
    shown = url
    if {"@", "?"} & set(url):
        shown = f"{scheme}://…" if found else "…"
    raise SettingsError(
        f"{PREFIX}DATABASE_URL must be like sqlite:///newsletter.db or postgresql://name:password@host/database, "
        f"not {shown!r}."
    )


def _with_sender(settings: Settings, sender: Any) -> Settings:
    if sender is None:
        return settings
    if not isinstance(sender, str) or any(ord(c) < 32 or c == "\x7f" for c in sender):
        raise SettingsError("NEWSLETTER_FROM must be one line, like: Ada Byron <letters@example.org>.")
    name, email = parseaddr(sender)
    return msgspec.structs.replace(settings, from_name=name, from_email=_address("FROM", email))


def _words(value: Any) -> tuple[str, ...]:
    words = value if isinstance(value, list | tuple) else str(value).replace(",", " ").split()
    return tuple(str(word).strip() for word in words if str(word).strip())


def web_address(name: str, url: str) -> str:
    """An origin: links, forms and redirects of ours start at its root."""
    try:
        parts = urlsplit(url)
        extra = parts.path.strip("/") or parts.query or parts.fragment or parts.username
        plain = parts.scheme in ("http", "https") and parts.hostname and not extra and parts.port != 0
        netloc = parts.netloc.lower()
        if not netloc.isascii():  # as browsers write it in Origin, and as a mail's header can hold it
            host = parse(f"x@{parts.hostname}").email.rpartition("@")[2]
            netloc = f"{host}:{parts.port}" if parts.port else host
    except (ValueError, BadInput):  # a port that is none, half an IPv6 address, letters that no host has
        plain = False
    if not plain:
        raise SettingsError(f"{PREFIX}{name} must be an address like https://news.example.org, not {url!r}.")
    return f"{parts.scheme}://{netloc}"


def _address(name: str, text: str) -> str:
    try:
        return parse_ascii(text).email
    except BadInput:
        raise SettingsError(f"{PREFIX}{name} must hold an email address, not {text!r}.") from None


def _bounce_domain(name: str) -> str:
    if not name:
        return ""
    try:
        return parse(f"bounce@{name}").email.rpartition("@")[2]
    except BadInput:
        raise SettingsError(
            f"{PREFIX}BOUNCE_DOMAIN must be a domain like bounces.example.org, not {name[:60]!r}."
        ) from None


def _keys(keys: tuple[str, ...]) -> tuple[str, ...]:
    if any(len(key) < SHORTEST_KEY for key in keys):
        raise SettingsError(
            f"{PREFIX}SECRET_KEY is too short: each key needs {SHORTEST_KEY} characters or more. "
            "Make one with: python -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )
    return keys


def _own_key(database_url: str) -> tuple[str, ...]:
    """The key made once, in a file beside the SQLite database that only its owner can read."""
    if not database_url.startswith("sqlite:///"):
        raise SettingsError(f"{PREFIX}SECRET_KEY is needed with PostgreSQL, the same on every machine.")
    path = Path(unquote(database_url.removeprefix("sqlite:///")) + ".key")
    try:
        if not path.exists():
            _make_key(path)
        keys = _keys(_words(path.read_text("ascii")))
    except (OSError, UnicodeError) as error:
        raise SettingsError(f"Can't make or read the secret key's file {path}: {error}.") from None
    if not keys:
        raise SettingsError(f"The secret key's file {path} is empty. Restore it from your backup.")
    return keys


def _make_key(path: Path) -> None:
    """Whole or not at all, and the first of several processes wins."""
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")  # 0600
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(48) + "\n")
    with suppress(FileExistsError):
        path.hardlink_to(draft)
    Path(draft).unlink()


def _read(name: str, read: Callable[[tuple[str, ...]], _T], words: tuple[str, ...]) -> _T:
    try:
        return read(words)
    except ValueError as error:
        raise SettingsError(f"{PREFIX}{name}: {error}.") from None


def zone_exists(name: str) -> None:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # the last: a name as it should be, and of no zone
        raise SettingsError(
            f"{PREFIX}TIME_ZONE must be a time zone's name, like Europe/Lisbon, not {name[:60]!r}."
        ) from None


def _metrics_token(token: str) -> None:
    if token and (len(token) < SHORTEST_KEY or not token.isascii() or not token.isprintable()):
        raise SettingsError(
            f"{PREFIX}METRICS_TOKEN needs {SHORTEST_KEY} plain characters or more. "
            "Make one with: python -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )


def _networks(networks: tuple[str, ...]) -> None:
    for network in networks:
        try:
            ip_network(network)
        except ValueError:
            raise SettingsError(
                f"{PREFIX}TRUSTED_PROXIES: {network!r} is no network like 10.0.0.0/8."
            ) from None


def positive(settings: Settings) -> None:
    for name in Settings.__struct_fields__:
        value, least = getattr(settings, name), 0 if name in _MAY_BE_0 else 1
        if isinstance(value, int) and not isinstance(value, bool) and value < least:
            raise SettingsError(f"{PREFIX}{name.upper()} must be at least {least}, not {value}.")
