"""A few hundred people, chosen at random, are sent what a simple model says: the same steps, at the same moments."""

import random
from dataclasses import dataclass, field

import pytest

from newsletter.clock import HOUR
from newsletter.sequences import Plan, Words
from newsletter.storage import Tx
from newsletter.web.kit import sequencing
from tests.conftest import NOON, ON_ONE
from tests.sequences.walking import Path

TICK = 12 * HOUR
HARDLY = 0.03


@dataclass
class Person:
    id: int
    joined: int
    active: bool = True
    epoch: int = 1
    paused_until: int = 0
    entered: int = 0  # with which epoch
    stand: str = ""
    since: int = 0
    settled: int = 0  # when the last mail was taken
    arrived: bool = True  # whether it was
    through: bool = False
    got: list[tuple[str, int]] = field(default_factory=list)


class Model:
    """All that a sequence does, written down without a thought for speed or for what may break."""

    def __init__(self) -> None:
        self.people: dict[int, Person] = {}
        self.order: list[str] = []  # with the removed
        self.delays: dict[str, int] = {}  # without
        self.on_since: int | None = None

    def edit(self, steps: list[tuple[str, int]], now: int) -> None:
        names = [name for name, _ in steps]
        groups: dict[str, list[str]] = {}
        for index, name in enumerate(self.order):
            if name not in names:
                later = next((other for other in self.order[index:] if other in names), "")
                groups.setdefault(later, []).append(name)
        self.order = [n for name in names for n in (*groups.get(name, []), name)] + groups.get("", [])
        self.delays = dict(steps)
        for one in self.people.values():
            following = self.following(one)
            if following and one.through and one.since > now - self.delays[following]:
                one.through = False
            self.walk_on(one)

    def following(self, one: Person) -> str:
        ahead = self.order[self.order.index(one.stand) + 1 :] if one.stand else self.order
        return next((name for name in ahead if name in self.delays), "")

    def walk_on(self, one: Person) -> None:
        """Past what they have had; and at the end they are through."""
        if not one.entered or one.through:
            return
        while (name := self.following(one)) in {had for had, _ in one.got}:
            one.stand = name
        one.through = not name

    def round(self, now: int) -> None:
        if self.on_since is None:
            return
        for one in self.people.values():
            if not one.entered and one.active and one.joined >= self.on_since:
                one.entered, one.since = one.epoch, one.joined
            self.step(one, now)

    def step(self, one: Person, now: int) -> None:
        name = self.following(one)
        here = one.active and one.epoch == one.entered and one.paused_until <= now
        if (
            here
            and one.arrived
            and not one.through
            and name
            and now >= max(one.since, one.settled) + self.delays[name]
        ):
            one.got.append((name, now))
            one.stand, one.since, one.arrived = name, now, False
            self.walk_on(one)

    def arrive(self, now: int) -> None:
        for one in self.people.values():
            if not one.arrived:
                one.arrived, one.settled = True, now


class Life:
    """What happens to people and to their author, at random, in the model and in the service alike."""

    def __init__(self, path: Path, seed: int, count: int) -> None:
        self.path = path
        self.random = random.Random(seed)
        self.model = Model()
        self.to_come = list(range(1, count + 1))
        self.made = 0
        self.later: list[tuple[str, dict[str, int]]] = []

    async def tick(self) -> None:
        self.path.clock.forward(TICK)
        now = self.path.clock.now()
        for _ in range(self.random.randint(0, 2 * len(self.to_come) // 10)):
            self.come(self.to_come.pop(), now)
        for one in self.model.people.values():
            self.live(one, now)
        await self.path.db.write(self.happen)
        await self.author(now)
        if self.random.random() < 0.8:  # else the worker is down
            await self.path.goes_round(arrives=False)
            self.model.round(now)
        if self.random.random() < 0.8:  # else the relay is
            await self.path.arrives()
            self.model.arrive(now)

    def come(self, id: int, now: int) -> None:
        self.model.people[id] = Person(id, now)
        self.later.append((_COME, {"id": id, "now": now}))
        self.later.append((_SAY["confirmed"], {"id": id, "record": 10 * id, "now": now}))

    def live(self, one: Person, now: int) -> None:
        chance = self.random.random()
        record = {"id": one.id, "record": 10 * one.id + 2 * one.epoch, "now": now}
        if one.active and chance < HARDLY and one.epoch < 4:
            one.active, one.epoch, one.paused_until = False, one.epoch + 1, 0
            self.later += [(_LEAVE, {"id": one.id, "now": now}), (_SAY["unsubscribed"], record)]
        elif not one.active and chance < 0.2:
            one.active, one.joined = True, now
            self.later += [
                (_RETURN, {"id": one.id}),
                (_SAY["confirmed"], {**record, "record": record["record"] + 1}),
            ]
        elif one.active and chance > 1 - HARDLY:
            one.paused_until = now + self.random.randint(1, 9) * TICK
            self.later.append((_PAUSE, {"id": one.id, "until": one.paused_until}))

    async def happen(self, tx: Tx) -> None:
        for sql, params in self.later:
            await tx.run(sql, **params)
        self.later.clear()

    async def author(self, now: int) -> None:
        """Turns it on and off, and edits it."""
        if self.model.on_since is None:
            if self.random.random() < 0.5:
                self.model.on_since = now
                await self.path.turns_on()
        elif self.random.random() < 0.05:
            self.let_enter(now)
            self.model.on_since = None
            await self.path.turns_off()
        if self.random.random() < 0.15:
            await self.edit(now)

    def let_enter(self, now: int) -> None:
        """Turning it off, its author loses nobody for whom it had started."""
        delays, self.model.delays = self.model.delays, {}
        self.model.round(now)
        self.model.delays = delays

    async def edit(self, now: int) -> None:
        steps = list(self.model.delays.items())
        what = self.random.choice(["add", "add", "remove", "move", "delay"])
        if what == "add" or len(steps) < 2:
            self.made += 1
            steps.insert(self.random.randint(0, len(steps)), (f"step{self.made}", self.delay()))
        elif what == "remove":
            steps.remove(self.random.choice(steps))
        elif what == "move":
            steps.append(steps.pop(self.random.randrange(len(steps))))
            self.random.shuffle(steps)
        else:
            index = self.random.randrange(len(steps))
            steps[index] = steps[index][0], self.delay()
        self.model.edit(steps, now)
        words = [Words(slug=name, delay=delay, subject=name, body=name) for name, delay in steps]
        await sequencing.load(self.path.site, Plan("welcome", "confirmed", "", words))

    def delay(self) -> int:
        return self.random.randint(0, 8) * TICK


async def test_everybody_gets_what_the_model_says(path: Path) -> None:
    await lives(path, 0)


@ON_ONE
@pytest.mark.parametrize("seed", [1, 2])
async def test_so_do_others(path: Path, seed: int) -> None:
    await lives(path, seed)


async def lives(path: Path, seed: int) -> None:
    life = Life(path, seed, 200)
    for _ in range(3):
        await life.edit(NOON)
    for _ in range(50):
        await life.tick()
    sent: dict[int, list[tuple[str, int]]] = {id: [] for id in life.model.people}
    for one in await path.sent():
        sent[one.subscriber_id].append((one.slug, one.at))
    assert sent == {id: one.got for id, one in life.model.people.items()}
    assert sum(map(len, sent.values())) > 200
    assert await path.count("SELECT count(*) FROM sequence_entries WHERE state = 'finished'") > 0


_COME = """INSERT INTO subscribers (id, email, email_key, status, created_at, confirmed_at)
    VALUES (:id, 'a' || CAST(:id AS BIGINT) || '@example.org', 'a' || CAST(:id AS BIGINT) || '@example.org',
            'active', :now, :now)"""
_SAY = {
    kind: f"""INSERT INTO consent_records (id, subscriber_id, number, kind, at, hash)
    VALUES (:record, :id, 1 + (SELECT count(*) FROM consent_records WHERE subscriber_id = :id), '{kind}', :now, '')"""
    for kind in ("confirmed", "unsubscribed")
}
_LEAVE = """UPDATE subscribers SET status = 'unsubscribed', unsubscribed_at = :now, epoch = epoch + 1,
    paused_until = NULL WHERE id = :id"""
_RETURN = "UPDATE subscribers SET status = 'active', unsubscribed_at = NULL WHERE id = :id"
_PAUSE = "UPDATE subscribers SET paused_until = :until WHERE id = :id"
