"""Disqus' export: posts find their threads, and spam is not let out."""

import gzip

from newsletter.comments.imports import Imported, disqus
from tests.comments.imports.conftest import NOON, SAMPLES, Write, comments, reasons

SAMPLE = SAMPLES / "disqus.xml"


def test_a_post_is_taken_whole_under_a_thread_that_has_an_identifier() -> None:
    assert comments(SAMPLE)["1001"] == Imported(
        source="disqus",
        source_id="1001",
        parent_id=None,
        url="https://olga.example.org/structure/",
        title="Structure & career",
        name="Ada",
        email="ada@example.com",
        website="",
        text="<p>I <b>agree</b> &amp; more.</p>",
        is_html=True,
        newlines=False,
        created_at=NOON,
        status="approved",
    )


def test_a_thread_may_have_no_identifier_and_stand_behind_its_posts() -> None:
    late = comments(SAMPLE)["1004"]
    assert (late.url, late.title, late.email) == ("http://olga.example.org/late/?utm_source=x", "Late", "")


def test_spam_stays_spam_deleted_or_not() -> None:
    states = {id: comment.status for id, comment in comments(SAMPLE).items()}
    assert states == {"1001": "approved", "1002": "spam", "1003": "deleted", "1004": "approved"}


def test_what_is_skipped_is_named() -> None:
    assert reasons(SAMPLE) == {"1005": disqus.UNKNOWN_THREAD, "1006": disqus.DELETED_THREAD}


def test_an_answer_names_what_it_answers() -> None:
    assert comments(SAMPLE)["1003"].parent_id == "1001"


def test_it_is_read_as_it_is_mailed_compressed(write: Write) -> None:
    assert comments(write(gzip.compress(SAMPLE.read_bytes()))) == comments(SAMPLE)


def test_the_namespaces_count_and_not_their_prefixes(write: Write) -> None:
    text = SAMPLE.read_text("utf-8").replace("dsq:", "d:").replace(":dsq=", ":d=")
    assert comments(write(text)) == comments(SAMPLE)


def test_a_post_without_disqus_own_number_goes_by_its_id(write: Write) -> None:
    text = SAMPLE.read_text("utf-8").replace('<post dsq:id="1004">\n    <id/>', "<post>\n    <id>77</id>")
    assert "77" in comments(write(text))
