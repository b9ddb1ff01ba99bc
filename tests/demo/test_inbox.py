"""The demonstration's blog and inbox, over real sockets: what is mailed can be read, and does no harm."""

import re
import smtplib
from asyncio import to_thread
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest

from newsletter.demo import Blog, Inbox, mail_server
from newsletter.web.server import Server

SERVICE = "http://localhost:8000"


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox(tmp_path / "inbox")


@pytest.fixture
async def blog(inbox: Inbox) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        Server(Blog(SERVICE, "Wilma Harrow", inbox), port=0, drain=0) as server,
        httpx.AsyncClient(base_url=f"http://localhost:{server.port}") as client,
    ):
        yield client


HTML = "<html><head></head><body><a href='http://localhost:8000/confirm/abc'>Confirm</a></body></html>"


def letter(subject: str = "Is this you?", to: str = "ada@example.org", html: str = HTML) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Wilma Harrow <wilma@example.org>"
    mail["To"] = to
    mail["Subject"] = subject
    mail.set_content("Confirm here:\n\nhttp://localhost:8000/confirm/abc\n")
    mail.add_alternative(html, subtype="html")
    return mail


async def post(inbox: Inbox, *mails: EmailMessage) -> None:
    """Sends them as anybody's program would: over SMTP, from another thread."""

    def send(port: int) -> None:
        with smtplib.SMTP("127.0.0.1", port) as smtp:
            for mail in mails:
                smtp.send_message(mail)

    async with mail_server(inbox) as port:
        await to_thread(send, port)


async def first_page(blog: httpx.AsyncClient) -> str:
    """The address of the newest mail's page."""
    found = re.search(r'href="(/inbox/\d+)"', (await blog.get("/inbox")).text)
    assert found
    return found[1]


async def test_a_mail_is_listed_and_read(blog: httpx.AsyncClient, inbox: Inbox) -> None:
    assert "Nothing yet" in (await blog.get("/inbox")).text
    await post(inbox, letter())
    listed = (await blog.get("/inbox")).text
    assert "Is this you?" in listed
    assert "ada@example.org" in listed
    page = (await blog.get(await first_page(blog))).text
    assert "Wilma Harrow &lt;wilma@example.org&gt;" in page
    assert '<a href="http://localhost:8000/confirm/abc"' in page  # in the plain text


async def test_the_newest_stands_first_and_all_survive_a_restart(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "inbox")
    await post(inbox, letter("first"), letter("second"), letter("third"))
    again = Inbox(tmp_path / "inbox")
    assert [mail.subject for mail in again.newest()] == ["third", "second", "first"]
    assert [mail.subject for mail in again.newest(2)] == ["third", "second"]
    assert (tmp_path / "inbox").stat().st_mode & 0o777 == 0o700


async def test_the_envelope_is_kept_above_the_mail(inbox: Inbox) -> None:
    await post(inbox, letter(to="ben@example.org"))
    opened = inbox.open(inbox.newest()[0].id)
    assert opened is not None
    assert opened.source.startswith(
        "Return-Path: <wilma@example.org>\r\nDelivered-To: ben@example.org\r\nFrom:"
    )


async def test_html_is_shown_caged_and_its_links_open_beside(blog: httpx.AsyncClient, inbox: Inbox) -> None:
    await post(inbox, letter(html="<script>alert(1)</script><img src='http://example.com/p'>"))
    page = await first_page(blog)
    assert 'sandbox="allow-popups' in (await blog.get(page)).text
    shown = await blog.get(f"{page}/html")
    policy = shown.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-popups")
    assert "default-src 'none'" in policy
    assert "allow-scripts" not in policy
    assert shown.text.startswith('<!doctype html><base target="_blank"><script>')


async def test_an_attachment_is_handed_out_as_it_came(blog: httpx.AsyncClient, inbox: Inbox) -> None:
    mail = letter()
    mail.add_attachment(b"%PDF-1.7 guide", maintype="application", subtype="pdf", filename="Büchlein.pdf")
    await post(inbox, mail)
    page = await first_page(blog)
    assert "Büchlein.pdf" in (await blog.get(page)).text
    answer = await blog.get(f"{page}/attachments/0")
    assert answer.content == b"%PDF-1.7 guide"
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''B%C3%BCchlein.pdf"
    assert (await blog.get(f"{page}/attachments/1")).status_code == 404


async def test_the_unsubscribe_button_is_shown_for_our_own_links_only(
    blog: httpx.AsyncClient, inbox: Inbox
) -> None:
    ours, foreign = letter(), letter()
    for mail, origin in ((ours, SERVICE), (foreign, "http://example.com")):
        mail["List-Unsubscribe"] = f"<{origin}/u/abc>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    await post(inbox, ours)
    assert f'action="{SERVICE}/u/abc"' in (await blog.get(await first_page(blog))).text
    await post(inbox, foreign)
    assert 'class="unsubscribe"' not in (await blog.get(await first_page(blog))).text


@pytest.mark.parametrize(
    ("form", "sign"),
    [
        ("plain", f'<form method="post" action="{SERVICE}/forms/guide" accept-charset="utf-8">'),
        ("script", '<newsletter-form form="guide">'),
        ("iframe", f'<iframe src="{SERVICE}/forms/guide/embed"'),
    ],
)
async def test_the_article_carries_the_form_in_three_ways(
    blog: httpx.AsyncClient, form: str, sign: str
) -> None:
    page = (await blog.get("/", params={"form": form})).text
    assert page.count(sign) == 1
    assert '<section class="comments"' in page


async def test_the_page_asks_nobody_but_the_two_origins(blog: httpx.AsyncClient, inbox: Inbox) -> None:
    await post(inbox, letter())
    for path in ("/?form=plain", "/?form=script", "/?form=iframe", "/inbox", await first_page(blog)):
        page = (await blog.get(path)).text
        loaded = re.findall(r'(?:src|action|<link[^>]* href)="(http[^"]+)"', page)
        assert all(url.startswith(SERVICE) for url in loaded), loaded
        assert "<style" not in page


async def test_other_hosts_methods_and_paths_are_refused(blog: httpx.AsyncClient) -> None:
    assert (await blog.get("/inbox", headers={"Host": "mallory.example.com"})).status_code == 421
    assert (await blog.post("/inbox")).status_code == 405
    assert (await blog.head("/inbox")).status_code == 200
    for path in (
        "/inbox/1",
        "/inbox/1/html",
        "/nothing",
        "/blog.css/",
        "/inbox/" + "9" * 30,
    ):
        assert (await blog.get(path)).status_code == 404


def test_what_came_before_the_newest_is_found_page_by_page(inbox: Inbox) -> None:
    for number in range(5):
        inbox.keep(f"Subject: {number}\r\n\r\n".encode())
    newest = inbox.newest(2)
    older = inbox.newest(2, newest[-1].id)
    oldest = inbox.newest(2, older[-1].id)
    assert [letter.subject for letter in (*newest, *older, *oldest)] == ["4", "3", "2", "1", "0"]
    assert inbox.count() == 5
