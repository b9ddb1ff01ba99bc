"""The rows of tests of a form's texts. One text for both engines."""

from typing import Literal

import msgspec

from newsletter.ids import new_id
from newsletter.signups.model import Texts, Variants
from newsletter.storage import Tx


class Trial(msgspec.Struct, frozen=True):
    mailed: int = 0  # sign-ups that were mailed a link
    confirmed: int = 0

    @property
    def share(self) -> float:
        return self.confirmed / self.mailed if self.mailed else 0.0


async def begin(tx: Tx, form_id: int, a: Texts, b: Texts) -> None:
    id = new_id()
    await tx.run(
        "INSERT INTO form_tests (id, form_id, variants, began_at) VALUES (:id, :form, :variants, :now)",
        id=id,
        form=form_id,
        variants=msgspec.json.encode((a, b)).decode(),
        now=tx.now,
    )
    await tx.run("UPDATE forms SET test_id = :test WHERE id = :form", test=id, form=form_id)


async def end(tx: Tx, form_id: int, test: Variants, letter: Literal["a", "b"]) -> None:
    await tx.run(
        "UPDATE form_tests SET ended_at = :now, chosen = :letter WHERE id = :id",
        now=tx.now,
        letter=letter,
        id=test.id,
    )
    chosen = test.a if letter == "a" else test.b
    await tx.run(
        "UPDATE forms SET test_id = NULL, title = :title, intro = :intro, button = :button WHERE id = :form",
        form=form_id,
        title=chosen.title,
        intro=chosen.intro,
        button=chosen.button,
    )


class _Row(Trial, frozen=True):
    variant: str = ""


async def trials(tx: Tx, test_id: int) -> dict[Literal["a", "b"], Trial]:
    a, b = f"{test_id}a", f"{test_id}b"
    rows = await tx.all(
        _Row,
        """SELECT count(*) AS mailed, count(confirmed_at) AS confirmed, variant FROM signups
           WHERE variant IN (:a, :b) AND variant <> '' AND subscriber_id IS NOT NULL AND message_id <> ''
           GROUP BY variant""",
        a=a,
        b=b,
    )
    found = {row.variant: row for row in rows}
    return {"a": found.get(a, Trial()), "b": found.get(b, Trial())}
