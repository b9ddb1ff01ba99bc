"""What programs send and get about an owner's settings, as the description has it."""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from newsletter.providers import DomainLimit
from newsletter.settings import Settings as Held
from newsletter.web.api.form_shapes import Colour, Origin

Sender = Annotated[str, Meta(max_length=100, description="The name that mails are from", examples=["Olga"])]
Mailbox = Annotated[str, Meta(max_length=254, examples=["olga@example.org"])]
Origins = Annotated[
    list[Origin],
    Meta(max_length=50, description="Whose pages may have the forms and comments"),
]
Postal = Annotated[str, Meta(max_length=300, examples=["Olga, 1 Quay, Porto"])]
Zone = Annotated[str, Meta(max_length=60, examples=["Europe/Lisbon"])]
Limit = Annotated[str, Meta(max_length=120, examples=["gmail.com=5/100"])]
Limits = Annotated[
    list[Limit],
    Meta(max_length=50, description="Messages under way at once, and a minute; `*` is every other provider"),
]
Count = Annotated[int, Meta(ge=0, le=100_000_000)]
InDoubt = Literal["resend", "ask"]


class Settings(msgspec.Struct):
    from_name: str
    from_email: str
    reply_to: Annotated[str, Meta(description="Empty: answers go to `from_email`")]
    allowed_origins: list[str]
    brand_colour: str
    postal_address: str
    time_zone: str
    mail_per_minute: Annotated[int, Meta(description="0: as fast as the relay takes them")]
    mail_per_day: Annotated[int, Meta(description="0: no limit")]
    ramp_up: Annotated[int, Meta(description="Mails on a new domain's first day; 0: no ramp")]
    domain_limits: Limits
    mail_connections: int
    in_doubt: InDoubt
    signups_per_network: int
    bare_signups_per_network: int
    signups_total: int
    proof_above: int
    comments_per_network: int
    comment_pause: int
    import_mb: int
    clicks: bool
    store_ip: bool
    second_step: Annotated[bool, Meta(description="Everybody at the desk has to have one")]
    reminder_hours: int
    confirmation_days: int
    download_days: int
    pending_days: int
    given: Annotated[list[str], Meta(description="Those that are set where the service runs")]


class SettingsChange(msgspec.Struct):
    from_name: Sender | UnsetType = UNSET
    from_email: Mailbox | UnsetType = UNSET
    reply_to: Mailbox | UnsetType = UNSET
    allowed_origins: Origins | UnsetType = UNSET
    brand_colour: Colour | UnsetType = UNSET
    postal_address: Postal | UnsetType = UNSET
    time_zone: Zone | UnsetType = UNSET
    mail_per_minute: Count | UnsetType = UNSET
    mail_per_day: Count | UnsetType = UNSET
    ramp_up: Count | UnsetType = UNSET
    domain_limits: Limits | UnsetType = UNSET
    mail_connections: Count | UnsetType = UNSET
    in_doubt: InDoubt | UnsetType = UNSET
    signups_per_network: Count | UnsetType = UNSET
    bare_signups_per_network: Count | UnsetType = UNSET
    signups_total: Count | UnsetType = UNSET
    proof_above: Count | UnsetType = UNSET
    comments_per_network: Count | UnsetType = UNSET
    comment_pause: Count | UnsetType = UNSET
    import_mb: Count | UnsetType = UNSET
    clicks: bool | UnsetType = UNSET
    store_ip: bool | UnsetType = UNSET
    second_step: bool | UnsetType = UNSET
    reminder_hours: Count | UnsetType = UNSET
    confirmation_days: Count | UnsetType = UNSET
    download_days: Count | UnsetType = UNSET
    pending_days: Count | UnsetType = UNSET


def settings(held: Held, given: Mapping[str, str]) -> Settings:
    own = Settings.__struct_fields__[:-1]
    values = {name: getattr(held, name) for name in own}
    values["allowed_origins"] = list(held.allowed_origins)
    values["domain_limits"] = [_limit(one) for one in held.domain_limits]
    return Settings(**values, given=[name for name in own if name in given])


def _limit(one: DomainLimit) -> str:
    return f"{one.provider}={one.connections}/{one.per_minute}"


def row(value: str | int | bool | list[str]) -> str:
    """As a setting is written."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return " ".join(value) if isinstance(value, list) else str(value)
