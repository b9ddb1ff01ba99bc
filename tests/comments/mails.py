"""Mails as mail programs write them, each with what is new in it."""

from base64 import b64encode
from quopri import encodestring

QUOTED = "> Olga answered your comment:\n>\n> I would start with the journal.\n> --\n> Unfollow: https://letters.example.org/x\n"
HEAD = "On Tue, Nov 3, 2026 at 10:02\u202fAM Olga Writes <\nreply+Ab.c-9_X@letters.example.org> wrote:\n"


def mail(body: str, kind: str = "text/plain; charset=utf-8", *more: str, encoding: str = "8bit") -> bytes:
    """A mail of Ada's; `more` are further header lines."""
    charset = "iso-8859-1" if "8859" in kind else "utf-8"
    content = body.encode(charset)
    if encoding == "base64":
        content = b64encode(content)
    elif encoding == "quoted-printable":
        content = encodestring(content)
    head = [
        "Return-Path: <ada@example.org>",
        "Delivered-To: reply+Ab.c-9_X@letters.example.org",
        "From: Ada Lovelace <Ada@Example.org>",
        "To: Olga Writes <reply+Ab.c-9_X@letters.example.org>",
        "Subject: Re: Olga answered your comment",
        "MIME-Version: 1.0",
        f"Content-Type: {kind}",
        f"Content-Transfer-Encoding: {encoding}",
        *more,
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + content.replace(b"\n", b"\r\n")


def parts(*leaves: tuple[str, str], kind: str = "alternative") -> bytes:
    body = "".join(f"--b1\nContent-Type: {type_}\n\n{text}\n" for type_, text in leaves)
    return mail(f"{body}--b1--\n", f'multipart/{kind}; boundary="b1"')


GMAIL_HTML = (
    '<div dir="ltr">Thanks, I will!<div><br></div><div>A&amp;B</div></div><br>'
    '<div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">Am Di., 3. Nov. 2026 um 10:02 '
    'Uhr schrieb Olga &lt;<a href="mailto:x@y.example">x@y.example</a>&gt;:<br></div>'
    '<blockquote class="gmail_quote" style="margin:0">I would start<br>with the journal.</blockquote></div>'
)
OUTLOOK_HTML = (
    "<html><head><style>p {margin: 0}</style><title>x</title></head><body><p class=MsoNormal>Thanks,</p><p>I will!</p>"
    '<div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>From:</b> Olga<br><b>Sent:</b> Tuesday</div>'
    "<div>I would start with the journal.</div></body></html>"
)
APPLE_HTML = (
    "<html><body>Thanks, I will!<br><br>Sent from my iPhone<br><div><br><blockquote type='cite'>On 3 Nov 2026, at "
    "10:02, Olga &lt;x@y.example&gt; wrote:<br><br></blockquote></div><blockquote type='cite'>I would…</blockquote>"
)
THUNDERBIRD_HTML = (
    '<html><body><div class="moz-cite-prefix">On 03.11.26 10:02, Olga wrote:<br></div><blockquote type="cite">Do you '
    "keep a journal?</blockquote><p>Yes.</p><blockquote type='cite'>Since when?</blockquote><p>A year.</p>"
    '<pre class="moz-signature">-- \nAda</pre></body></html>'
)

MAILS = {
    "Gmail": (mail(f"Thanks, I will!\n\n{HEAD}\n{QUOTED}"), "Thanks, I will!"),
    "Gmail in two forms": (
        parts(
            ("text/plain; charset=utf-8", f"Thanks!\n\n{HEAD}\n{QUOTED}"),
            ("text/html; charset=utf-8", GMAIL_HTML),
        ),
        "Thanks!",
    ),
    "Gmail as HTML": (mail(GMAIL_HTML, "text/html; charset=utf-8"), "Thanks, I will!\n\nA&B"),
    "Gmail, answers between quotes": (
        mail(f"{HEAD}\n> Do you keep a journal?\n>\nYes.\n\n> Since when?\n\nA year.\n\n> Olga\n"),
        "> Do you keep a journal?\n\nYes.\n\n> Since when?\n\nA year.",
    ),
    "Gmail years ago": (
        mail("Thanks!\n\n2026-11-03 10:02 GMT+01:00 Olga <olga@letters.example.org>:\n\n> I would start\n"),
        "Thanks!",
    ),
    "Apple Mail": (
        mail(
            f"Thanks,\nI will!\n\n> On 3 Nov 2026, at 10:02, Olga <x@letters.example.org> wrote:\n> \n{QUOTED}"
        ),
        "Thanks,\nI will!",
    ),
    "iPhone": (
        mail(
            f"Thanks!\n\nSent from my iPhone\n\n> On 3 Nov 2026, at 10:02, Olga wrote:\n> \n> \ufeff{QUOTED}"
        ),
        "Thanks!",
    ),
    "iPhone as HTML": (mail(APPLE_HTML, "text/html; charset=utf-8"), "Thanks, I will!"),
    "Outlook": (
        mail(
            "Thanks, I will!\n\nAda\n\n________________________________\nFrom: Olga <x@letters.example.org>\n"
            "Sent: Tuesday, November 3, 2026 10:02\nTo: Ada <ada@example.org>\nSubject: x\n\nI would start.\n"
        ),
        "Thanks, I will!\n\nAda",
    ),
    "Outlook as HTML": (mail(OUTLOOK_HTML, "text/html; charset=utf-8"), "Thanks,\n\nI will!"),
    "Outlook long ago": (
        mail("Thanks!\n\n-----Original Message-----\nFrom: Olga\nI would start.\n"),
        "Thanks!",
    ),
    "Outlook on Android, in German": (
        mail(
            "Danke!\n\nOutlook für Android herunterladen\n\nVon: Olga <x@y.example>\nGesendet: Dienstag\nAn: Ada\n\nx\n"
        ),
        "Danke!",
    ),
    "Thunderbird, above": (
        mail(
            "Thanks!\n\n-- \nAda Lovelace\nAnalyst\n\nOn 03.11.26 10:02, Olga Writes wrote:\n> I would start\n"
        ),
        "Thanks!",
    ),
    "Thunderbird, below": (
        mail(
            "On 03.11.26 10:02, Olga Writes wrote:\n> I would start\n> with the journal.\n\nThanks!\n\n-- \nAda\n"
        ),
        "Thanks!",
    ),
    "Thunderbird, flowed": (
        mail(
            "This is one \nparagraph in \nthree lines.\n\n From the start.\n\n"
            "On 03.11.26 10:02, Olga wrote:\n> I \n> would\n",
            "text/plain; charset=UTF-8; format=flowed",
        ),
        "This is one paragraph in three lines.\n\nFrom the start.",
    ),
    "Thunderbird as HTML, between quotes": (
        mail(THUNDERBIRD_HTML, "text/html; charset=utf-8"),
        "> Do you keep a journal?\n\nYes.\n\n> Since when?\n\nA year.",
    ),
    "German, in Latin-1": (
        mail(
            "Schöne Grüße!\n\nAm 03.11.26 um 10:02 schrieb Olga:\n> Ich würde\n",
            "text/plain; charset=iso-8859-1",
            encoding="quoted-printable",
        ),
        "Schöne Grüße!",
    ),
    "French, in base64": (
        mail(
            "Merci à toi !\n\nEnvoyé de mon iPhone\n\n> Le 3 nov. 2026 à 10:02, Olga a écrit :\n> Je\n",
            encoding="base64",
        ),
        "Merci à toi !",
    ),
    "flowed, deleting spaces": (
        mail("職業 \n日記\n", "text/plain; charset=utf-8; format=flowed; delsp=yes"),
        "職業日記",
    ),
    "with a picture attached": (
        parts(
            ("text/plain", "Look!"),
            ("image/png", "AAAA"),
            ('text/plain\nContent-Disposition: attachment; filename="notes.txt"', "secret notes"),
            kind="mixed",
        ),
        "Look!",
    ),
    "with a mail passed on": (
        parts(("text/plain", "Look!"), ("message/rfc822", "Subject: x\n\nsecret"), kind="mixed"),
        "Look!",
    ),
    "an empty text beside HTML": (parts(("text/plain", " \n"), ("text/html", "<p>Thanks!</p>")), "Thanks!"),
    "a charset nobody knows": (mail("Thanks!", "text/plain; charset=x-klingon"), "Thanks!"),
}
