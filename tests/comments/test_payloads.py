"""The payload list's own judge can tell what runs from what doesn't."""

import pytest

from tests.comments.payloads import is_inert


@pytest.mark.parametrize(
    "html",
    [
        "<script>",
        "<img src=x>",
        "<p onclick=x>",
        "<p style=x>",
        "<a href=' java\tscript:x'>",
        "<a href='//x'>",
        "<a href='\\\\x'>",
        "<svg>",
        "<iframe>",
        "<form>",
        "<a href='data:x'>",
        "<!-- x -->",
        "<![CDATA[x]]>",
        "<?x?>",
        "<x-y>",
        "<a ping=x>",
    ],
)
def test_what_is_not_inert_is_seen(html: str) -> None:
    assert is_inert(f"<p>{html}</p>")


def test_what_is_inert_is_left_alone() -> None:
    assert not is_inert(
        "<!doctype html><section class=x><p>a <a href='/b' rel=c>d</a> &lt;script&gt;</section>"
    )
