"""What a form asks and what a sign-up is, apart from where they are stored."""

import msgspec

from newsletter.magnets import Magnet


class Field(msgspec.Struct, frozen=True, omit_defaults=True):
    name: str
    label: str
    required: bool = False
    help: str = ""
    max_length: int = 100
    type: str = "text"
    autocomplete: str = "off"
    options: tuple[str, ...] = ()  # of a choice

    @property
    def choices(self) -> tuple[str, ...]:
        """What one can answer; () where they may write."""
        return ("Yes", "No") if self.type == "yes_no" else self.options


EMAIL = Field(
    "email", "Email", required=True, help="We mail you a link to confirm.", max_length=254, type="email",
    autocomplete="email",
)  # fmt: skip


class MailText(msgspec.Struct, frozen=True):
    """One version of what an owner wrote for one mail of a form; '' is ours."""

    id: int
    number: int
    subject: str
    above: str  # the button
    below: str
    sha256: str


class Texts(msgspec.Struct, frozen=True):
    """Of a form, what is tried in two variants."""

    title: str
    intro: str
    button: str


class Variants(msgspec.Struct, frozen=True):
    """The test that a form is in."""

    id: int
    a: Texts
    b: Texts
    began_at: int


class Form(msgspec.Struct, frozen=True):
    id: int
    slug: str
    title: str
    intro: str
    button: str
    thanks_url: str
    wording_id: int
    wording: str
    fields: tuple[Field, ...]  # the email first
    tags: tuple[str, ...]
    magnets: tuple[Magnet, ...]
    closed: bool = False  # it says so, and takes nothing
    accent: str = ""  # "#rrggbb", or "" for ours
    background: str = ""
    confirmation: MailText | None = None  # None: our own words
    guide: MailText | None = None
    test: Variants | None = None
    allowed_origins: tuple[str, ...] = ()  # whose pages may have it; none: those of the settings


class Signup(msgspec.Struct):
    """One accepted request to join, with its subscriber's standing."""

    id: int
    subscriber_id: int
    form_id: int
    wording_id: int
    at: int
    page: str
    name: str
    fields: str
    ip: str
    message_id: str
    confirmed_at: int | None
    mail_text_id: int | None = None  # the owner's words that it was mailed with
    variant: str = ""  # of the form's texts, where a test was under way
