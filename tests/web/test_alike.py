"""Pages whose addresses look alike, or become alike when letters are folded, share no thread and no kept answer."""

from urllib.parse import quote

from tests.web.conftest import Serve
from tests.web.said import say
from tests.web.saying import open_for_comments
from tests.web.stage import BLOG

ALIKE = (
    ("k", "K", "\u212a"),  # the sign of Kelvin is the capital letter to NFKD and to lower()
    ("s", "S", "\u017f"),
    ("fi", "\ufb01"),
    ("1", "\u2460", "\u0661"),
    ("a", "\u0430", "\uff41"),
    ("ss", "\u00df"),
    ("I", "i", "\u0131", "\u0130"),
)


async def test_each_has_its_own(serve: Serve) -> None:
    async with open_for_comments(serve) as service:
        web = await service.visitor()
        for some in ALIKE:
            urls = {f"{BLOG}/{quote(letter)}": f"Said under {number}." for number, letter in enumerate(some)}
            for url, words in urls.items():
                await say(service, words, url=url)
            for _ in "made", "kept":
                for url, words in urls.items():
                    shown = (await web.get("/threads", params={"url": url})).text
                    assert [one for one in urls.values() if one in shown] == [words], url
