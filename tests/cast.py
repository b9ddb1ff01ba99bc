"""The service put together over a test's own database, and its cast."""

from dataclasses import dataclass

import msgspec

from newsletter.addresses import parse
from newsletter.app import fill, put_together
from newsletter.settings import Settings
from newsletter.signups import Form, Submission
from newsletter.storage import Database, Tx
from newsletter.subscribers import Subscriber
from newsletter.web.kit.site import Site

SETTINGS = Settings(
    public_url="http://localhost:8000",
    from_name="Olga Writes",
    from_email="olga@letters.example.org",
    secret_keys=("test-key-" + "k" * 32,),
    postal_address="Olga, 1 Quay, Porto",
)


class Mailed(msgspec.Struct):
    """One row of the outbox as tests look at it."""

    id: int
    message: str
    recipient: str
    context: str
    message_id: str
    state: str
    reply: str


@dataclass
class House:
    """What tests do with the service: the acts of people, and a look at what they left."""

    site: Site
    db: Database

    async def form(self) -> Form:
        return await self.site.forms.find("guide")

    async def signs_up(self, email: str, name: str = "") -> None:
        submission = Submission(parse(email), {"name": name})
        await self.db.write(self.site.signups.sign_up, await self.form(), submission)

    async def invitation(self, email: str) -> tuple[int, int]:
        """Sign-up and epoch in the newest confirmation mailed to them."""
        mails = [m for m in await self.mails(email) if m.message in ("confirmation", "reminder")]
        links = msgspec.json.decode(mails[-1].context)["links"]
        signup_id, epoch = links["confirm"][2]
        return signup_id, epoch

    async def confirms(self, email: str) -> Subscriber:
        done = await self.db.write(self.site.signups.confirm, *await self.invitation(email))
        return done.person

    async def joins(self, email: str, name: str = "") -> Subscriber:
        await self.signs_up(email, name)
        await self.confirms(email)
        return await self.person(email)

    async def person(self, email: str) -> Subscriber:
        person = await self.known(email)
        assert person is not None, email
        return person

    async def known(self, email: str) -> Subscriber | None:
        return await self.db.read(self.site.subscribers.find_by_key, parse(email).key)

    async def mails(self, email: str | None = None) -> list[Mailed]:
        """What the outbox holds, oldest first; for one address, or all with the skipped ones."""

        async def look(tx: Tx) -> list[Mailed]:
            sql = "SELECT id, message, recipient, context, message_id, state, reply FROM outbox ORDER BY id"
            return await tx.all(Mailed, sql)

        rows = await self.db.read(look)
        return [row for row in rows if email is None or row.recipient == email]

    async def count(self, sql: str) -> int:
        async def look(tx: Tx) -> int:
            return int(await tx.value(sql))

        return await self.db.read(look)


async def build(db: Database, settings: Settings = SETTINGS) -> House:
    site = put_together(settings, db)
    await fill(site)
    return House(site, db)
