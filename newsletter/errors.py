"""What can go wrong, in the words of the person who reads it. The web maps each to a status once."""

from collections.abc import Mapping


class NewsletterError(Exception):
    """A sentence that says what was wrong and what to do."""

    @property
    def sentence(self) -> str:
        return str(self)


class BadInput(NewsletterError):
    """The request can't be taken as it is; `fields` names every field's own error."""

    def __init__(self, sentence: str, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.fields = dict(fields or {})


class NotFound(NewsletterError):
    """There is no such thing, or the link to it is not one of ours."""


class Refused(NewsletterError):
    """It is understood, and not allowed: comments are closed, or what is answered stands elsewhere."""


class Repeated(NewsletterError):
    """The very same is here already; nothing was stored twice."""


class Conflict(NewsletterError):
    """It has changed meanwhile, or is in a state in which that can't be done; nothing was changed now."""


class Expired(NewsletterError):
    """The link was ours once; `ids` is what it carried, so that a fresh one can be offered."""

    def __init__(self, sentence: str, ids: tuple[int, ...] = ()) -> None:
        super().__init__(sentence)
        self.ids = ids


class TooMany(NewsletterError):
    """A budget is used up; it has room again after `retry_after` seconds."""

    def __init__(self, sentence: str, retry_after: int = 60) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class Unavailable(NewsletterError):
    """We can't store anything now (disk full, database away); nothing was changed. Seconds to wait."""

    def __init__(self, sentence: str, retry_after: int = 30) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class SettingsError(NewsletterError):
    """A setting has a value that can't be used; the sentence names it."""


class MigrationError(NewsletterError):
    """The database can't be brought to, or isn't at, the version that this code needs."""
