"""The forms' and sign-ups' rows. One text for both engines."""

import msgspec

from newsletter.ids import new_id
from newsletter.magnets import Magnets
from newsletter.signups.model import EMAIL, Field, Form, MailText, Signup, Texts, Variants
from newsletter.storage import Tx
from newsletter.subscribers import tag_name


class _FormRow(msgspec.Struct):
    id: int
    slug: str
    title: str
    intro: str
    button: str
    thanks_url: str
    wording_id: int
    wording: str
    fields: str
    tags: str
    closed: int
    accent: str
    background: str
    confirmation_text_id: int | None
    guide_text_id: int | None
    test_id: int | None
    allowed_origins: str


async def find_form(tx: Tx, magnets: Magnets, slug: str) -> Form | None:
    return await _form(tx, magnets, "f.slug = :wanted", slug)


async def form_by_id(tx: Tx, magnets: Magnets, id: int) -> Form | None:
    return await _form(tx, magnets, "f.id = :wanted", id)


async def _form(tx: Tx, magnets: Magnets, which: str, wanted: str | int) -> Form | None:
    row = await tx.one(
        _FormRow,
        f"""SELECT f.id, f.slug, f.title, f.intro, f.button, f.thanks_url, f.wording_id, w.text AS wording,
                f.fields, f.tags, f.closed, f.accent, f.background, f.confirmation_text_id, f.guide_text_id,
                f.test_id, f.allowed_origins
            FROM forms f JOIN wordings w ON w.id = f.wording_id WHERE {which}""",
        wanted=wanted,
    )
    if row is None:
        return None
    return Form(
        row.id,
        row.slug,
        row.title,
        row.intro,
        row.button,
        row.thanks_url,
        row.wording_id,
        row.wording,
        (EMAIL, *msgspec.json.decode(row.fields, type=tuple[Field, ...])),
        msgspec.json.decode(row.tags, type=tuple[str, ...]),
        tuple(await magnets.of_form(tx, row.id)),
        bool(row.closed),
        row.accent,
        row.background,
        await mail_text(tx, row.confirmation_text_id),
        await mail_text(tx, row.guide_text_id),
        await _variants(tx, row.test_id),
        msgspec.json.decode(row.allowed_origins, type=tuple[str, ...]),
    )


class _TestRow(msgspec.Struct):
    id: int
    variants: str
    began_at: int


async def _variants(tx: Tx, id: int | None) -> Variants | None:
    """A form that is in no test costs nothing here."""
    if id is None:
        return None
    row = await tx.one(_TestRow, "SELECT id, variants, began_at FROM form_tests WHERE id = :id", id=id)
    if row is None:
        return None
    a, b = msgspec.json.decode(row.variants, type=tuple[Texts, Texts])
    return Variants(row.id, a, b, row.began_at)


async def mail_text(tx: Tx, id: int | None) -> MailText | None:
    """A form without such words, as most are, costs nothing here."""
    if id is None:
        return None
    return await tx.one(
        MailText, "SELECT id, number, subject, above, below, sha256 FROM mail_texts WHERE id = :id", id=id
    )


async def add_form(tx: Tx, form: Form, wording_sha256: str) -> None:
    """The form with its wording's first version; `form.fields` without the email, which every form has."""
    await tx.run(
        """INSERT INTO forms (id, slug, title, intro, button, fields, tags, thanks_url, wording_id, closed, accent,
               background, allowed_origins, created_at)
           VALUES (:id, :slug, :title, :intro, :button, :fields, :tags, :thanks, :wording_id, :closed, :accent,
               :background, :origins, :now)""",
        id=form.id,
        slug=form.slug,
        title=form.title,
        intro=form.intro,
        button=form.button,
        fields=msgspec.json.encode(form.fields).decode(),
        tags=msgspec.json.encode([tag_name(tag) for tag in form.tags]).decode(),
        thanks=form.thanks_url,
        wording_id=form.wording_id,
        closed=int(form.closed),
        accent=form.accent,
        background=form.background,
        origins=msgspec.json.encode(form.allowed_origins).decode(),
        now=tx.now,
    )
    await tx.run(
        """INSERT INTO wordings (id, form_id, number, text, sha256, created_at)
           VALUES (:id, :form, 1, :text, :sha256, :now)""",
        id=form.wording_id,
        form=form.id,
        text=form.wording,
        sha256=wording_sha256,
        now=tx.now,
    )


async def wording(tx: Tx, id: int) -> str:
    text: str = await tx.value("SELECT text FROM wordings WHERE id = :id", id=id)
    return text


async def any_form(tx: Tx) -> bool:
    return await tx.value("SELECT 1 FROM forms") is not None


async def add(tx: Tx, signup: Signup, subscriber_id: int | None) -> None:
    await tx.put(
        """INSERT INTO signups (id, subscriber_id, form_id, wording_id, at, page, name, fields, ip, message_id,
               mail_text_id, variant)
           VALUES (:id, :subscriber, :form, :wording, :now, :page, :name, :fields, :ip, :message_id, :mail_text,
               :variant)""",
        id=signup.id,
        subscriber=subscriber_id,
        form=signup.form_id,
        wording=signup.wording_id,
        now=tx.now,
        page=signup.page,
        name=signup.name,
        fields=signup.fields,
        ip=signup.ip,
        message_id=signup.message_id,
        mail_text=signup.mail_text_id,
        variant=signup.variant,
    )


_SIGNUP = """id, subscriber_id, form_id, wording_id, at, page, name, fields, ip, message_id, confirmed_at,
    mail_text_id, variant"""


async def find(tx: Tx, id: int) -> Signup | None:
    return await tx.one(
        Signup, f"SELECT {_SIGNUP} FROM signups WHERE id = :id AND subscriber_id IS NOT NULL", id=id
    )


async def is_nobodys(tx: Tx, id: int) -> bool:
    """Whether it is kept without an address: refused from the start, or blocked since."""
    return await tx.value("SELECT 1 FROM signups WHERE id = :id AND subscriber_id IS NULL", id=id) is not None


async def mark_confirmed(tx: Tx, id: int) -> Signup | None:
    """The sign-up, for the one caller who confirms it; None for the same question again, or at the same time."""
    return await tx.one(
        Signup,
        f"UPDATE signups SET confirmed_at = :now WHERE id = :id AND confirmed_at IS NULL RETURNING {_SIGNUP}",
        id=id,
        now=tx.now,
    )


async def set_message_id(tx: Tx, id: int, message_id: str, text: MailText | None = None) -> None:
    """The mail that asks for it now, and the owner's words in it."""
    await tx.run(
        "UPDATE signups SET message_id = :message_id, mail_text_id = :text WHERE id = :id",
        id=id,
        message_id=message_id,
        text=text.id if text else None,
    )


class Waiting(msgspec.Struct):
    """A sign-up whose link was not used yet, and whom it belongs to."""

    id: int
    form_id: int
    subscriber_id: int
    email: str
    email_key: str
    epoch: int
    at: int


async def claim_reminders(tx: Tx, after: int, before: int, most: int) -> list[Waiting]:
    """Pending people whose latest mailed sign-up fell between two times, each only once.

    One that was never mailed may be a stranger's: its name and consent must not become theirs.
    """
    lock = "FOR UPDATE OF s SKIP LOCKED" if tx.engine == "postgres" else ""
    due = await tx.all(
        Waiting,
        f"""SELECT s.id, s.form_id, p.id AS subscriber_id, p.email, p.email_key, p.epoch, s.at
            FROM signups s JOIN subscribers p ON p.id = s.subscriber_id
            WHERE s.confirmed_at IS NULL AND s.reminded_at IS NULL AND s.at > :after AND s.at <= :before
              AND s.message_id <> ''
              AND p.status = 'pending'
              AND NOT EXISTS (SELECT 1 FROM signups n WHERE n.subscriber_id = p.id
                              AND (n.id > s.id AND n.message_id <> '' OR n.reminded_at IS NOT NULL))
            ORDER BY s.at LIMIT :most {lock}""",
        after=after,
        before=before,
        most=most,
    )
    for one in due:
        await tx.run("UPDATE signups SET reminded_at = :now WHERE id = :id", id=one.id, now=tx.now)
    return due


async def spend_proof(tx: Tx, nonce: str, expires_at: int) -> bool:
    """True the first time a proof of work is shown."""
    return (
        await tx.run(
            "INSERT INTO spent_proofs (nonce, expires_at) VALUES (:nonce, :expires) ON CONFLICT (nonce) DO NOTHING",
            nonce=nonce,
            expires=expires_at,
        )
        == 1
    )


async def forget_proofs(tx: Tx) -> None:
    await tx.run("DELETE FROM spent_proofs WHERE expires_at < :now", now=tx.now)


async def forget_refused(tx: Tx, before: int) -> None:
    """Requests for suppressed addresses, or blocked; they hold no address, only when and through which form."""
    await tx.run("DELETE FROM signups WHERE subscriber_id IS NULL AND at < :before", before=before)


def new_signup(form: Form, page: str, name: str, fields: dict[str, str], ip: str, variant: str) -> Signup:
    return Signup(
        new_id(),
        0,
        form.id,
        form.wording_id,
        0,
        page,
        name,
        msgspec.json.encode(fields).decode(),
        ip,
        "",
        None,
        variant=variant,
    )
