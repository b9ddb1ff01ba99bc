"""A WordPress theme's own comment form, with nothing changed but where it posts to."""

from urllib.parse import quote

import pytest

from newsletter.web.public.comment_form import readable
from tests.web.conftest import Serve
from tests.web.saying import ARTICLE, edit_token, is_known, kept, open_for_comments, pages
from tests.web.stage import ADA, BLOG

THEME = {
    "author": "Ada",
    "email": ADA,
    "url": "https://ada.example.org",
    "comment": "I *agree*.",
    "comment_post_ID": "7",
    "comment_parent": "0",
    "wp-comment-cookies-consent": "yes",
    "submit": "Post Comment",
    "_wp_unfiltered_html_comment": "0123456789",
    "akismet_comment_nonce": "abc",
    "ak_js": "1736900000000",
}


async def test_its_fields_make_the_same_comment_as_ours(serve: Serve) -> None:
    async with open_for_comments(serve) as service:
        web = await service.visitor()
        edit_token(await web.post("/wp-comments-post.php", data={**THEME, "redirect_to": ARTICLE}))
        (comment,) = await kept(service)
        assert (comment.name, comment.website, comment.raw, comment.parent_id) == (
            "Ada", "https://ada.example.org/", "I *agree*.", None,
        )  # fmt: skip
        assert await pages(service) == [ARTICLE]


@pytest.mark.parametrize(
    ("fields", "headers", "page"),
    [
        ({"redirect_to": f"{ARTICLE}/?utm_source=x#respond"}, {"Referer": f"{BLOG}/other"}, ARTICLE),
        ({"redirect_to": "https://evil.example/"}, {"Referer": f"{ARTICLE}/"}, ARTICLE),
        ({}, {"Referer": f"{ARTICLE}/", "Origin": BLOG}, ARTICLE),
        ({}, {"Referer": f"{BLOG}/"}, f"{BLOG}/?p=7"),
        ({}, {"Origin": BLOG}, f"{BLOG}/?p=7"),
        ({"comment_post_ID": "007"}, {"Origin": BLOG}, f"{BLOG}/?p=7"),
    ],
)
async def test_its_page_is_found(
    serve: Serve, fields: dict[str, str], headers: dict[str, str], page: str
) -> None:
    async with open_for_comments(serve) as service:
        web = await service.visitor()
        edit_token(await web.post("/wp-comments-post.php", data={**THEME, **fields}, headers=headers))
        assert await pages(service) == [page]


@pytest.mark.parametrize(
    ("asked", "fields", "page"),
    [
        (f"?redirect_to={quote(ARTICLE, safe='')}", {}, ARTICLE),
        (f"?redirect_to={quote(ARTICLE + '/?utm_source=x#respond', safe='')}", {}, ARTICLE),
        (f"?redirect_to={quote(ARTICLE, safe='')}", {"redirect_to": f"{BLOG}/other"}, f"{BLOG}/other"),
        (f"?redirect_to={quote(ARTICLE, safe='')}", {"redirect_to": "https://evil.example/"}, ARTICLE),
        (f"?redirect_to={quote(ARTICLE, safe='')}&redirect_to=https://evil.example/", {}, ARTICLE),
        ("?redirect_to=https://evil.example/", {}, f"{BLOG}/?p=7"),
        ("?redirect_to=%ff%01", {}, f"{BLOG}/?p=7"),
        ("?redirect_to=" + "x" * 5_000, {}, f"{BLOG}/?p=7"),
        ("?", {}, f"{BLOG}/?p=7"),
    ],
)
async def test_its_address_alone_can_say_the_page(
    serve: Serve, asked: str, fields: dict[str, str], page: str
) -> None:
    """Browsers tell another site no more of a page than its origin."""
    async with open_for_comments(serve) as service:
        web = await service.visitor()
        said = await web.post(
            f"/wp-comments-post.php{asked}", data={**THEME, **fields}, headers={"Origin": BLOG}
        )
        edit_token(said)
        assert await pages(service) == [page]


@pytest.mark.parametrize(
    ("fields", "headers"),
    [
        ({}, {}),
        ({}, {"Referer": "https://evil.example/on-work"}),
        ({}, {"Referer": "http://[::1"}),
        ({"redirect_to": "https://evil.example/"}, {"Origin": "null"}),
        ({"comment_post_ID": "7' OR 1=1"}, {"Origin": BLOG}),
        ({"comment_post_ID": "²"}, {"Origin": BLOG}),
        ({"comment_post_ID": ""}, {"Origin": BLOG}),
    ],
)
async def test_where_no_page_can_be_found_the_text_is_given_back(
    serve: Serve, fields: dict[str, str], headers: dict[str, str]
) -> None:
    async with open_for_comments(serve) as service:
        web = await service.visitor()
        refused = await web.post("/wp-comments-post.php", data={**THEME, **fields}, headers=headers)
        assert (refused.status_code, "I *agree*.</textarea>" in refused.text) == (422, True)
        assert await kept(service) == []


async def test_its_readers_go_back_to_the_article_with_their_comment(serve: Serve) -> None:
    async with open_for_comments(serve) as service:
        web = await service.visitor()
        await is_known(web, service)
        first = (await kept(service))[0]
        sent = await web.post(
            "/wp-comments-post.php",
            data={**THEME, "comment_parent": str(first.id)},
            headers={"Referer": f"{ARTICLE}/", "Origin": BLOG},
        )
        second = (await kept(service))[1]
        assert (sent.status_code, sent.headers["Location"]) == (303, f"{ARTICLE}#comment-{second.id}")
        assert second.parent_id == first.id


async def test_its_mistakes_come_back_in_our_form(serve: Serve) -> None:
    async with open_for_comments(serve) as service:
        web = await service.visitor()
        data = {**THEME, "email": "ada", "author": "", "redirect_to": ARTICLE}
        refused = await web.post("/wp-comments-post.php", data=data)
        assert refused.status_code == 422
        for shown in ('id="comment-name-error"', 'id="comment-email-error"', 'value="https://ada.example.org"',
                      "I *agree*.</textarea>", f'name="url" value="{ARTICLE}"'):  # fmt: skip
            assert shown in refused.text, shown


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/on-work/", "blog.example.org/on-work"),
        ("/%d0%be-%d1%82%d1%80%d1%83%d0%b4%d0%b5", "blog.example.org/о-труде"),
        ("/%3Cb%3E", "blog.example.org/&lt;b&gt;"),
    ],
)
async def test_its_page_is_named_by_its_address_until_it_has_a_title(
    serve: Serve, path: str, shown: str
) -> None:
    """A theme's form says no title."""
    async with open_for_comments(serve) as service:
        web = await service.visitor()
        data = {**THEME, "author": "", "redirect_to": f"{BLOG}{path}"}
        refused = await web.post("/wp-comments-post.php", data=data)
        assert (refused.status_code, f"<bdi>{shown}</bdi></a>" in refused.text) == (422, True), refused.text


def test_an_address_that_would_show_something_else_stays_as_it_is() -> None:
    for odd in ("a%E2%80%AEb", "%ff", "a%0Ab", "a%00b"):
        assert readable(f"{BLOG}/{odd}") == f"blog.example.org/{odd}"


async def test_its_page_goes_by_the_title_that_is_known(serve: Serve) -> None:
    async with open_for_comments(serve) as service:
        web = await service.visitor()
        await is_known(web, service)
        refused = await web.post(
            "/wp-comments-post.php", data={**THEME, "author": "", "redirect_to": ARTICLE}
        )
        assert (refused.status_code, "<bdi>“On work”</bdi></a>" in refused.text) == (422, True)


async def test_what_fills_its_trap_is_thanked_and_not_kept(serve: Serve) -> None:
    async with open_for_comments(serve) as service:
        web = await service.visitor()
        data = {**THEME, "redirect_to": ARTICLE, "ak_hp_textarea": "buy"}
        edit_token(await web.post("/wp-comments-post.php", data=data))
        assert await kept(service) == []
