"""What programs send and get about a form's mails and its variants, as the description has it."""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from newsletter.clock import iso
from newsletter.signups import Form, Kind, MailText, testing
from newsletter.web.api.form_shapes import Button, Intro, Title
from newsletter.web.api.shapes import Id, Time

Words = Annotated[str, Meta(max_length=2_000, description="With tags as `{{ guide }}`")]


class MailWords(msgspec.Struct):
    """`above` and `below`: the button. What is empty is ours."""

    subject: Annotated[str, Meta(max_length=150, examples=["Your guide"])] = ""
    above: Words = ""
    below: Words = ""


class FormMails(msgspec.Struct):
    confirmation: MailWords
    guide: MailWords


class FormMailAsked(msgspec.Struct):
    mail: Kind


class FormMailPreview(msgspec.Struct):
    """As somebody gets it who gave no name."""

    sender: str
    subject: str
    text: str
    html: str


class FormMailsChange(msgspec.Struct):
    confirmation: MailWords | UnsetType = UNSET
    guide: MailWords | UnsetType = UNSET


def mails(one: Form) -> FormMails:
    return FormMails(_words(one.confirmation), _words(one.guide))


def _words(text: MailText | None) -> MailWords:
    return MailWords(text.subject, text.above, text.below) if text else MailWords()


class NewTest(msgspec.Struct):
    title: Title
    button: Button
    intro: Intro = ""


class TestReceipt(msgspec.Struct):
    id: Id


class Choice(msgspec.Struct):
    test: Annotated[Id, Meta(description="The one that was read")]
    variant: Literal["a", "b"]


class Variant(msgspec.Struct):
    title: str
    intro: str
    button: str
    mailed: Annotated[int, Meta(description="Sign-ups that were mailed a link")]
    confirmed: int


class FormTest(msgspec.Struct):
    id: Id
    began: Time
    a: Variant
    b: Variant
    better: Annotated[
        Literal["a", "b"] | None, Meta(description="By who confirmed; null while it may be luck")
    ]


def test(one: testing.Variants, trials: Mapping[testing.Letter, testing.Trial]) -> FormTest:
    verdict = testing.by_number(trials["a"], trials["b"])
    return FormTest(
        str(one.id),
        iso(one.began_at),
        _variant(one.a, trials["a"]),
        _variant(one.b, trials["b"]),
        verdict.better if verdict.is_sure else None,
    )


def _variant(texts: testing.Texts, trial: testing.Trial) -> Variant:
    return Variant(texts.title, texts.intro, texts.button, trial.mailed, trial.confirmed)
