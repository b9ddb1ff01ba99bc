"""Promise 6: for every standing of an address the same statements run, so that none takes a round trip more.

The time that it took is measured in tests/proof/test_same_time.py, too coarsely for one statement on a busy machine.
"""

from typing import Any

from newsletter.addresses import parse
from newsletter.signups import Submission
from newsletter.storage import Tx
from tests.cast import House
from tests.web.standings import KINDS, UNKNOWN, address, settle_in


class Noted:
    """A transaction that keeps the beginning of each statement, and hands it on."""

    def __init__(self, tx: Tx, said: list[str]) -> None:
        self._tx, self._said = tx, said

    def __getattr__(self, name: str) -> Any:
        what = getattr(self._tx, name)
        if name not in ("one", "all", "value", "run", "put", "tally", "many"):
            return what

        async def ask(*args: Any, **params: Any) -> Any:
            sql = next(arg for arg in args if isinstance(arg, str))
            self._said.append(" ".join(sql.split()[:3]))
            return await what(*args, **params)

        return ask


async def test_the_same_statements_run_whoever_asks(house: House) -> None:
    await house.db.write(settle_in, house.site.post, range(1))
    form = await house.form()

    async def signs_up(tx: Tx, kind: str) -> list[str]:
        said: list[str] = []
        await house.site.signups.sign_up(Noted(tx, said), form, Submission(parse(address(kind, 0)), {}))
        return said

    ran = {kind: await house.db.write(signs_up, kind) for kind in KINDS}
    assert len(ran[UNKNOWN]) > 2
    assert ran == dict.fromkeys(KINDS, ran[UNKNOWN])
