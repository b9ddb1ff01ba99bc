"""What programs send and get about signup forms, as the description has it."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from newsletter.signups import Field
from newsletter.signups import Form as Kept
from newsletter.web.api.shapes import Tag

Slug = Annotated[
    str, Meta(min_length=1, max_length=60, pattern="^[a-z0-9]+(-[a-z0-9]+)*$", examples=["spring-course"])
]
Title = Annotated[str, Meta(min_length=1, max_length=120, examples=["A course in spring"])]
Intro = Annotated[str, Meta(max_length=600)]
Button = Annotated[str, Meta(min_length=1, max_length=60, examples=["Sign up"])]
Thanks = Annotated[
    str, Meta(max_length=500, description="A page on an allowed origin; empty: our own", examples=["https://example.org/thanks"])
]  # fmt: skip
Wording = Annotated[
    str,
    Meta(min_length=1, max_length=1_000, description="What people agree to; another text is a new version"),
]
Colour = Annotated[str, Meta(pattern="^(#[0-9a-fA-F]{6})?$", description="Empty: ours", examples=["#1f5f5b"])]
Origin = Annotated[str, Meta(max_length=200, examples=["https://example.org"])]
Origins = Annotated[
    list[Origin],
    Meta(
        max_length=50,
        description="Whose pages may have it; empty: those of the settings",
        examples=[["https://example.org", "https://course.example.org"]],
    ),
]
Magnet = Annotated[str, Meta(min_length=1, max_length=100, examples=["structure-your-career"])]


class FormField(msgspec.Struct):
    name: Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,39}$", examples=["city"])]
    label: Annotated[str, Meta(min_length=1, max_length=80, examples=["Your city"])]
    required: bool = False
    help: Annotated[str, Meta(max_length=200)] = ""
    type: Literal["text", "choice", "number", "date", "yes_no"] = "text"
    options: Annotated[
        list[Annotated[str, Meta(min_length=1, max_length=100)]],
        Meta(max_length=50, description="Of a choice"),
    ] = []


Fields = Annotated[list[FormField], Meta(max_length=10, description="Beside the email")]
Tags = Annotated[list[Tag], Meta(max_length=10, description="Given on confirmation")]
Magnets = Annotated[list[Magnet], Meta(max_length=50, description="What it gives, by their slugs")]


class NewForm(msgspec.Struct):
    slug: Slug
    title: Title
    wording: Wording
    intro: Intro = ""
    button: Button = "Sign up"
    thanks_url: Thanks = ""
    fields: Fields = []
    tags: Tags = []
    magnets: Magnets = []
    closed: bool = False
    accent: Colour = ""
    background: Colour = ""
    allowed_origins: Origins = []


class FormChange(msgspec.Struct):
    title: Title | UnsetType = UNSET
    wording: Wording | UnsetType = UNSET
    intro: Intro | UnsetType = UNSET
    button: Button | UnsetType = UNSET
    thanks_url: Thanks | UnsetType = UNSET
    fields: Fields | UnsetType = UNSET
    tags: Tags | UnsetType = UNSET
    magnets: Magnets | UnsetType = UNSET
    closed: bool | UnsetType = UNSET
    accent: Colour | UnsetType = UNSET
    background: Colour | UnsetType = UNSET
    allowed_origins: Origins | UnsetType = UNSET


class Form(msgspec.Struct):
    slug: str
    title: str
    wording: str
    intro: str
    button: str
    thanks_url: str
    fields: list[FormField]
    tags: list[str]
    magnets: list[str]
    closed: bool
    accent: str
    background: str
    allowed_origins: Annotated[list[str], Meta(description="Empty: those of the settings")]


def form(one: Kept) -> Form:
    return Form(
        one.slug,
        one.title,
        one.wording,
        one.intro,
        one.button,
        one.thanks_url,
        [_field(field) for field in one.fields[1:]],
        list(one.tags),
        [magnet.slug for magnet in one.magnets],
        one.closed,
        one.accent,
        one.background,
        list(one.allowed_origins),
    )


def _field(one: Field) -> FormField:
    return FormField(one.name, one.label, one.required, one.help, one.type, list(one.options))  # type: ignore[arg-type]  # the database holds what was checked


class FormReceipt(msgspec.Struct):
    slug: str


class FormName(msgspec.Struct):
    slug: str
    title: str


class Forms(msgspec.Struct):
    items: list[FormName]
