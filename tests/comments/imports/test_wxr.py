"""WordPress' export: what is a comment in it, whose, and when it was written."""

from pathlib import Path

import pytest

from newsletter.comments.imports import Imported, read, wxr
from newsletter.comments.imports.model import NO_PAGE, NOTHING_SAID, UNDATED
from newsletter.errors import BadInput
from tests.comments.imports.conftest import NOON, SAMPLES, Write, comments, reasons
from tests.comments.imports.exports import WXR_END, WXR_HEAD, wxr_comment
from tests.comments.imports.exports import wxr as export

SAMPLE = SAMPLES / "wordpress.xml"


def test_a_comment_is_taken_whole() -> None:
    assert comments(SAMPLE)["12"] == Imported(
        source="wordpress",
        source_id="12",
        parent_id="11",
        url="https://olga.example.org/structure/",
        title="Structure & career",
        name="Ben & Sons <3",
        email="ben@example.com",
        website="",
        text="An answer,\non <em>two</em> lines, with ]]> in it.",
        is_html=True,
        newlines=True,
        created_at=NOON,
        status="approved",
    )


def test_spam_stays_spam_and_what_waited_waits() -> None:
    states = {id: comment.status for id, comment in comments(SAMPLE).items()}
    assert states == {"12": "approved", "11": "pending", "13": "spam", "14": "deleted"}


@pytest.mark.parametrize(
    ("approved", "status"), [("post-trashed", "deleted"), ("", "pending"), ("x", "pending")]
)
def test_nothing_doubtful_is_shown(write: Write, approved: str, status: str) -> None:
    assert comments(write(export(wxr_comment(1, approved=approved))))["1"].status == status


@pytest.mark.parametrize("kind", ["pingback", "trackback", "review", "order_note"])
def test_what_no_reader_wrote_under_a_page_is_skipped_by_its_kind(write: Write, kind: str) -> None:
    path = write(export(wxr_comment(1, type=kind), wxr_comment(2, type="")))
    assert kind in reasons(path)["1"]
    assert list(comments(path)) == ["2"]


def test_a_lost_date_is_found_elsewhere() -> None:
    found = comments(SAMPLE)
    assert found["11"].created_at == NOON - 24 * 3_600_000 - 30 * 60_000  # its own, of the blog's zone
    assert found["13"].created_at == NOON - 27 * 3_600_000  # the post's


def test_without_any_date_it_is_skipped(write: Write) -> None:
    assert reasons(write(export(wxr_comment(1, date_gmt="0000-00-00 00:00:00")))) == {"1": UNDATED}


def test_of_a_deleted_comment_only_its_place_is_left() -> None:
    gone = comments(SAMPLE)["14"]
    assert (gone.name, gone.email, gone.text, gone.parent_id) == ("", "", "", "12")


@pytest.mark.parametrize(
    "more",
    [
        "<wp:status>private</wp:status>",
        "<wp:status>draft</wp:status>",
        "<wp:post_password>x</wp:post_password>",
    ],
)
def test_what_was_said_in_private_is_not_published(write: Write, more: str) -> None:
    assert reasons(write(export(wxr_comment(1), more=more))) == {"1": wxr.NOT_PUBLIC}


def test_empty_ones_and_those_without_a_page_are_named(write: Write) -> None:
    path = write(f"{WXR_HEAD}<item>{wxr_comment(1)}</item>{WXR_END}")
    assert reasons(path) == {"1": NO_PAGE}
    assert reasons(write(export(wxr_comment(2, text=" ")))) == {"2": NOTHING_SAID}


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2"])
@pytest.mark.parametrize("prefix", ["wp", "w"])
def test_the_namespace_counts_and_not_its_prefix(write: Write, version: str, prefix: str) -> None:
    text = export(wxr_comment(1)).replace("export/1.2/", f"export/{version}/").replace("wp:", f"{prefix}:")
    assert list(comments(write(text.replace(":wp=", f":{prefix}=")))) == ["1"]


def test_an_undeclared_prefix_is_understood(write: Write) -> None:
    text = export(wxr_comment(1)).replace(' xmlns:wp="http://wordpress.org/export/1.2/"', "")
    assert list(comments(write(text))) == ["1"]


def test_another_feed_is_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "feed"
    path.write_text("<rss><channel><item><title>News</title></item></channel></rss>")
    with pytest.raises(BadInput, match="not an export from WordPress"):
        list(read(path))
