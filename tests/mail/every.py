"""One message of every kind, as it goes on the wire."""

from newsletter.broadcasts import Draft, Letters
from newsletter.mail.messages import Messages
from newsletter.settings import Settings
from newsletter.tokens import Tokens
from tests.conftest import NOON
from tests.mail.conftest import ADA, CONTEXTS, delivery

LONGEST = 8 * 62**9  # an id of ten digits and one, as long as they get
KINDS = (*sorted(CONTEXTS), "comment_reply by mail", "broadcast")
LETTER = Draft(
    subject="On keeping a box",
    preheader="Write down one thing a week, and read it in January.",
    body="""# On keeping a box

Dear {{ first_name | "reader" }},

a job is *what you do this year*. A career is the **box in which you keep** what you learnt from it. I have kept mine
for eleven years, and [it has a page of its own](https://news.example.com/box).

## What goes in

- Write down one thing a week, with its date.
- Keep what surprised you, and what you were wrong about:
  - a sentence is enough,
  - a page is too much.
- Read the box in January, before anybody asks you for a plan.

> The palest ink is better than the best memory.

1. Take a sheet.
2. Write `date: what, why` on top of it.

```
2026-01-15: said no to a meeting, because nobody knew what it was for
```

---

Olga""",
)


def built(settings: Settings, kind: str, recipient: str = ADA) -> bytes:
    tokens = Tokens(settings.secret_keys)
    if kind == "broadcast":
        letters = Letters(settings)
        frozen = letters.freeze(letters.letter(LETTER), NOON)
        leave = f"{settings.public_url}/u/{tokens.make('unsubscribe', LONGEST)}"
        preferences = f"{settings.public_url}/preferences/{tokens.make('preferences', LONGEST, 1, now=NOON)}"
        return frozen.message(recipient, delivery().message_id, "{}", leave, preferences)
    name, _, by_mail = kind.partition(" ")
    context = CONTEXTS[name] | ({"reply": [41, LONGEST]} if by_mail else {})
    return Messages(settings, tokens).build(delivery(name, context=context, recipient=recipient))
