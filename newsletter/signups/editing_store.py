"""The rows behind a form's page at the desk. One text for both engines."""

import hashlib
from collections.abc import Mapping

import msgspec

from newsletter.ids import new_id
from newsletter.signups.mail_texts import Kind, digest
from newsletter.signups.model import Form, MailText
from newsletter.storage import Tx
from newsletter.subscribers import tag_name


class Tally(msgspec.Struct):
    """A form, and how far those came who filled it in. Erased people are in no number."""

    slug: str
    title: str
    mailed: int  # sign-ups that were mailed a link
    confirmed: int  # sign-ups
    downloaded: int  # people who confirmed here and took one of the form's guides themselves
    closed: int  # 1: it takes nobody


async def tallies(tx: Tx) -> list[Tally]:
    """By their slugs."""
    return await tx.all(
        Tally,
        """WITH came AS (
               SELECT form_id, count(*) AS mailed, count(confirmed_at) AS confirmed FROM signups
               WHERE subscriber_id IS NOT NULL AND message_id <> '' GROUP BY form_id),
             took AS (
               SELECT o.form_id, count(DISTINCT d.subscriber_id) AS people
               FROM form_magnets o JOIN magnet_versions v ON v.magnet_id = o.magnet_id
               JOIN downloads d ON d.version_id = v.id AND d.automatic = 0
               WHERE EXISTS (SELECT 1 FROM signups s WHERE s.subscriber_id = d.subscriber_id
                             AND s.form_id = o.form_id AND s.confirmed_at IS NOT NULL)
               GROUP BY o.form_id)
           SELECT f.slug, f.title, coalesce(came.mailed, 0) AS mailed, coalesce(came.confirmed, 0) AS confirmed,
               coalesce(took.people, 0) AS downloaded, f.closed
           FROM forms f LEFT JOIN came ON came.form_id = f.id LEFT JOIN took ON took.form_id = f.id
           ORDER BY f.slug""",
    )


async def is_taken(tx: Tx, slug: str) -> bool:
    return await tx.value("SELECT 1 FROM forms WHERE slug = :slug", slug=slug) is not None


async def lock(tx: Tx, id: int) -> None:
    """Two who save the same form do so one after the other."""
    await tx.run("UPDATE forms SET slug = slug WHERE id = :id", id=id)


async def add_wording(tx: Tx, form_id: int, text: str) -> int:
    """The next version's id; older ones stay for those who agreed to them."""
    id = new_id()
    await tx.run(
        """INSERT INTO wordings (id, form_id, number, text, sha256, created_at)
           SELECT :id, :form, coalesce(max(number), 0) + 1, :text, :sha256, :now
           FROM wordings WHERE form_id = :form""",
        id=id,
        form=form_id,
        text=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        now=tx.now,
    )
    return id


async def change(tx: Tx, form: Form) -> None:
    """All but its slug, which pages elsewhere know it by; `form.fields` without the email, which every form has."""
    await tx.run(
        """UPDATE forms SET title = :title, intro = :intro, button = :button, fields = :fields, tags = :tags,
               thanks_url = :thanks, wording_id = :wording, closed = :closed, accent = :accent,
               background = :background, allowed_origins = :origins WHERE id = :id""",
        id=form.id,
        title=form.title,
        intro=form.intro,
        button=form.button,
        fields=msgspec.json.encode(form.fields).decode(),
        tags=msgspec.json.encode([tag_name(tag) for tag in form.tags]).decode(),
        thanks=form.thanks_url,
        wording=form.wording_id,
        closed=int(form.closed),
        accent=form.accent,
        background=form.background,
        origins=msgspec.json.encode(form.allowed_origins).decode(),
    )


async def add_mail_text(tx: Tx, form_id: int, kind: Kind, parts: Mapping[str, str]) -> int:
    """The next version's id; older ones stay for those who were mailed them."""
    id = new_id()
    await tx.run(
        """INSERT INTO mail_texts (id, form_id, message, number, subject, above, below, sha256, created_at)
           SELECT :id, :form, :message, coalesce(max(number), 0) + 1, :subject, :above, :below, :sha256, :now
           FROM mail_texts WHERE form_id = :form AND message = :message""",
        id=id,
        form=form_id,
        message=kind,
        subject=parts["subject"],
        above=parts["above"],
        below=parts["below"],
        sha256=digest(parts),
        now=tx.now,
    )
    return id


async def set_mail_text(tx: Tx, form_id: int, kind: Kind, text_id: int | None) -> None:
    """None: the mail has our own words again."""
    await tx.run(_SET_MAIL_TEXT[kind], id=form_id, text=text_id)


_SET_MAIL_TEXT: dict[Kind, str] = {
    "confirmation": "UPDATE forms SET confirmation_text_id = :text WHERE id = :id",
    "guide": "UPDATE forms SET guide_text_id = :text WHERE id = :id",
}


class Written(MailText, frozen=True):
    message: Kind
    created_at: int


async def mail_texts(tx: Tx, form_id: int) -> list[Written]:
    """All that were ever written for the form's mails, the newest first."""
    return await tx.all(
        Written,
        """SELECT id, number, subject, above, below, sha256, message, created_at FROM mail_texts
           WHERE form_id = :form ORDER BY created_at DESC, id DESC""",
        form=form_id,
    )


async def withdraw_magnets(tx: Tx, form_id: int) -> None:
    """The form gives nothing, until it is told anew what."""
    await tx.run("DELETE FROM form_magnets WHERE form_id = :form", form=form_id)
