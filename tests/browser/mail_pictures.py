"""Every mail as it is read, on three screens, light and dark: `python -m tests.browser.mail_pictures FOLDER [KIND]`.

One picture for each kind and scheme, the widths side by side.
"""

import asyncio
import email
import sys
from email.message import EmailMessage
from email.policy import default
from html import escape
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser, async_playwright

from newsletter.settings import Settings
from tests.browser.conftest import QUIET, chromium
from tests.mail.every import KINDS, built

WIDTHS = (320, 600, 1200)
SETTINGS = Settings(
    public_url="https://news.example.com",
    from_name="Olga Writes",
    from_email="letters@example.com",
    secret_keys=("k" * 32,),
    postal_address="Olga, 1 Quay\nPorto",
    bounce_domain="bounces.example.com",
)
_FRAME = '<iframe srcdoc="{}" style="width:{}px;border:0;flex:none" onload="{}"></iframe>'
_GROW = "this.style.height = this.contentDocument.documentElement.scrollHeight + 'px'"


def html_of(raw: bytes) -> str:
    message = email.message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    part = message.get_body(("html",))
    assert isinstance(part, EmailMessage)
    return str(part.get_content())


async def draw(browser: Browser, kind: str, scheme: Literal["light", "dark"], to: Path) -> None:
    html = html_of(built(SETTINGS, kind))
    frames = "".join(_FRAME.format(escape(html), width, _GROW) for width in WIDTHS)
    width = sum(WIDTHS) + 20 * (len(WIDTHS) - 1)
    page = await browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 400})
    await page.set_content(f'<body style="margin:0;display:flex;gap:20px;background:#c0f">{frames}</body>')
    await page.screenshot(path=to, full_page=True)
    await page.close()


async def main(folder: Path, kinds: tuple[str, ...]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=QUIET)
        for kind in kinds:
            for scheme in schemes:
                path = folder / f"{kind.replace(' ', '-')}-{scheme}.png"
                await draw(browser, kind, scheme, path)
                print(path, file=sys.stderr)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), tuple(sys.argv[2:]) or KINDS))
