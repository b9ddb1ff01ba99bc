"""What a form says for programs: the words of its mails, and two variants of its texts that are tried."""

from asyncio import to_thread
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET

from newsletter.errors import BadInput, NotFound
from newsletter.mail import MessageError
from newsletter.signups import KINDS, PARTS, Form, Kind, mail_faults, testing
from newsletter.storage import Tx
from newsletter.web.api import form_mail_shapes as own
from newsletter.web.api.asking import GONE, Call, Endpoint, Reply
from newsletter.web.api.forms import ONE
from newsletter.web.kit import form_letters

MAILS = f"{ONE}/mails"
TEST = f"{ONE}/test"


async def get_form_mails(call: Call) -> Reply:
    """The owner's words in the mail that asks to confirm and in the guide's; empty ones are ours."""
    return Reply(own.mails(await _form(call)))


async def _form(call: Call) -> Form:
    return await call.site.db.read(call.site.forms.stored, call.path["slug"])


async def preview_form_mail(call: Call) -> Reply:
    """How one of a form’s mails reads."""
    asked: own.FormMailAsked = call.query
    form, site = await _form(call), call.site
    try:
        mail = await to_thread(form_letters.preview, site, form, asked.mail, site.settings.from_email)
    except MessageError as error:
        raise BadInput(str(error)) from None
    return Reply(own.FormMailPreview(mail.sender, mail.subject, mail.text, mail.html))


async def change_form_mails(call: Call) -> Reply:
    """Changes those that are given, each as a whole; another text is a new version."""
    changed = await call.site.db.write(_change, call)
    call.site.forms.forget(changed)
    return Reply(own.mails(changed))


async def _change(tx: Tx, call: Call) -> Form:
    wanted: own.FormMailsChange = call.body
    before = await call.site.forms.held(tx, call.path["slug"])
    call.match(own.mails(before))
    texts: dict[Kind, dict[str, str]] = {}
    if wanted.confirmation is not UNSET:
        texts["confirmation"] = _parts(wanted.confirmation)
    if wanted.guide is not UNSET:
        texts["guide"] = _parts(wanted.guide)
    await call.site.forms.write_mails(tx, before.slug, texts)
    return await call.site.forms.stored(tx, before.slug)


async def _judge(_call: Call, given: Mapping[str, Any]) -> dict[str, str]:
    errors: dict[str, str] = {}
    for kind in KINDS:
        if kind in given and (wrong := mail_faults(kind, _parts(given[kind]))):
            errors[kind] = " ".join(f"{part}: {said}" for part, said in wrong.items())
    return errors


def _parts(words: own.MailWords) -> dict[str, str]:
    return {part: getattr(words, part) for part in PARTS}


async def get_form_test(call: Call) -> Reply:
    """The two variants that are tried now, and how many confirmed by each."""
    form = await _form(call)
    if form.test is None:
        raise NotFound(GONE)
    return Reply(own.test(form.test, await call.site.db.read(testing.trials, form.test)))


async def begin_form_test(call: Call) -> Reply:
    """Tries the form as it is, variant a, beside these texts, variant b."""
    wanted: own.NewTest = call.body
    await call.site.db.write(
        testing.begin, call.site.forms, call.path["slug"], msgspec.structs.asdict(wanted)
    )
    form = await _form(call)
    call.site.forms.forget(form)
    assert form.test is not None
    return Reply(own.TestReceipt(str(form.test.id)), location=f"/forms/{form.slug}/test")


async def end_form_test(call: Call) -> Reply:
    """Ends the test: the form says from now on what that variant says."""
    wanted: own.Choice = call.body
    slug = call.path["slug"]
    await call.site.db.write(testing.end, call.site.forms, slug, wanted.test, wanted.variant)
    call.site.forms.forget(await _form(call))
    return Reply(own.TestReceipt(wanted.test))


ENDPOINTS = (
    Endpoint("GET", MAILS, "forms:read", get_form_mails, gives=own.FormMails, single=True),
    Endpoint(
        "PATCH", MAILS, "forms:write", change_form_mails, 200, own.FormMailsChange, gives=own.FormMails, single=True,
        matches=True, judges=_judge,
    ),
    Endpoint(
        "GET", f"{MAILS}/preview", "forms:read", preview_form_mail, asks=own.FormMailAsked, gives=own.FormMailPreview
    ),
    Endpoint("GET", TEST, "forms:read", get_form_test, gives=own.FormTest),
    Endpoint("POST", TEST, "forms:write", begin_form_test, 201, own.NewTest, gives=own.TestReceipt),
    Endpoint("POST", f"{TEST}/end", "forms:write", end_form_test, 200, own.Choice, gives=own.TestReceipt),
)  # fmt: skip
