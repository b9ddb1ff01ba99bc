"""What the owner copies into a page of theirs to have a form there."""

from html import escape

import msgspec

from newsletter.signups import Form
from newsletter.words import gettext as _
from newsletter.words import marked


class Code(msgspec.Struct):
    id: str
    label: str
    about: str  # when to take it
    text: str


def codes(form: Form, public_url: str) -> list[Code]:
    """As the README has them, for this form."""
    address = f"{public_url}/forms/{form.slug}"
    script = f'<script src="{public_url}/embed.js" defer></script>'
    plain = _plain(form, address)
    frame = (
        f'<iframe src="{address}/embed" title="{escape(form.title)}"\n'
        '  width="100%" height="520" style="border: 0" loading="lazy"></iframe>'
    )
    element = f'<newsletter-form form="{form.slug}">\n{plain}\n</newsletter-form>'
    return [
        Code(
            "plain",
            "A plain form, which needs no script",
            marked("For pages that take no script. Who signs up goes on to a page that thanks them."),
            plain,
        ),
        Code(
            "script",
            "The same in place, without leaving the page",
            marked("For your own sites, where scripts may run. Without JavaScript it is the plain form."),
            f"{script}\n{element}",
        ),
        Code(
            "frame",
            "A frame",
            marked(
                "For page builders that take no forms. The script fits its height; it also works without."
            ),
            f"{script}\n{frame}",
        ),
    ]


def _plain(form: Form, address: str) -> str:
    lines = [f'<form method="post" action="{address}" accept-charset="utf-8">']
    for field in form.fields:
        id, name = f"{form.slug}-{escape(field.name)}", escape(field.name)
        kind = field.type if field.type in ("email", "date") else "text"
        mark, required = (f" {_('(required)')}", " required") if field.required else ("", "")
        lines.append(f'  <label for="{id}">{escape(field.label)}{mark}</label>')
        if field.choices:
            lines.append(f'  <select id="{id}" name="{name}"{required}>')
            lines += [f"    <option>{escape(option)}</option>" for option in ("", *field.choices)]
            lines.append("  </select>")
            continue
        known = f'maxlength="{field.max_length}" autocomplete="{escape(field.autocomplete)}"{required}'
        lines.append(f'  <input id="{id}" type="{kind}" name="{name}" {known}>')
    lines += [f"  <p>{escape(form.wording)}</p>", f"  <button>{escape(form.button)}</button>", "</form>"]
    return "\n".join(lines)
