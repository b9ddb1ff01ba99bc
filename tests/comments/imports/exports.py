"""Small exports put together by tests."""

WXR_HEAD = '<rss xmlns:wp="http://wordpress.org/export/1.2/"><channel><wp:wxr_version>1.2</wp:wxr_version>'
WXR_END = "</channel></rss>"


def wxr_comment(id: int, text: str = "Fine.", parent: int = 0, **fields: str) -> str:
    known = {"approved": "1", "type": "comment", "date_gmt": "2021-03-02 12:00:00", **fields}
    more = "".join(f"<wp:comment_{name}>{value}</wp:comment_{name}>" for name, value in known.items())
    return (
        f"<wp:comment><wp:comment_id>{id}</wp:comment_id><wp:comment_parent>{parent}</wp:comment_parent>"
        f"<wp:comment_content><![CDATA[{text}]]></wp:comment_content>{more}</wp:comment>"
    )


def wxr_item(*comments: str, more: str = "") -> str:
    link = "<link>https://olga.example.org/structure/</link>"
    return f"<item><title>Structure</title>{link}{more}{''.join(comments)}</item>"


def wxr(*comments: str, more: str = "") -> str:
    return WXR_HEAD + wxr_item(*comments, more=more) + WXR_END
