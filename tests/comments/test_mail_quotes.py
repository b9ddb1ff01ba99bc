"""What is cut from an answered mail, and what is not."""

import pytest

from newsletter.comments.mail_reply import html_text, reply_text
from tests.comments.mails import HEAD, QUOTED, mail


@pytest.mark.parametrize(
    "head",
    [
        "On Tue, 3 Nov 2026 at 10:02, Olga <olga@letters.example.org> wrote:",
        "Am Di., 3. Nov. 2026 um 10:02 Uhr schrieb Olga <\nolga@letters.example.org>:",
        "Olga <olga@letters.example.org> schrieb am Di., 3. Nov. 2026, 10:02:",
        "Le mar. 3 nov. 2026 à 10:02, Olga <olga@letters.example.org> a\nécrit :",
        "El mar, 3 nov 2026 a las 10:02, Olga (<olga@letters.example.org>) escribió:",
        "Il giorno mar 3 nov 2026 alle ore 10:02 Olga <olga@letters.example.org> ha\nscritto:",
        "Op di 3 nov 2026 om 10:02 schreef Olga <olga@letters.example.org>:",
        "Em ter., 3 de nov. de 2026 às 10:02, Olga <olga@letters.example.org>\nescreveu:",
        "----- Ursprüngliche Nachricht -----",
        "-------- Message d'origine --------",
        "De : Olga <olga@letters.example.org>\nEnvoyé : mardi 3 novembre 2026 10:02\nÀ : Ada",
        "De: Olga\nEnviado el: martes, 3 de noviembre de 2026 10:02\nPara: Ada",
        "Da: Olga\nInviato: martedì 3 novembre 2026 10:02\nA: Ada",
        "Van: Olga\nVerzonden: dinsdag 3 november 2026 10:02\nAan: Ada",
        "*From:* Olga <olga@letters.example.org>\n*Sent:* Tuesday\n*To:* Ada",
    ],
)
@pytest.mark.parametrize("mark", ["> ", ""])
def test_the_head_of_a_quote_is_known_in_seven_languages(head: str, mark: str) -> None:
    assert (
        reply_text(mail(f"First.\n\nSecond.\n\n{head}\n\n{mark}I would start.\n{mark}Olga\n"))
        == "First.\n\nSecond."
    )


@pytest.mark.parametrize(
    "text",
    [
        "On Monday she wrote:\n\nnothing at all.",
        "From: me to you\n\nwith love",
        "I wrote this:\n\n1. one\n2. two",
        "You said:\n\n> start with the journal\n\nI did, in 2026.",
        "Sent from my heart, with thanks.",
        "He is > than me\n\n\\> no quote",
        "Get well soon",
    ],
)
def test_what_only_looks_like_a_quote_is_kept(text: str) -> None:
    assert reply_text(mail(text)) == text


@pytest.mark.parametrize(
    "line",
    ["Sent from my iPhone", "Get Outlook for iOS<https://aka.ms/x>", "Von meinem iPhone gesendet",
     "Sent from Mail for Windows",
     "Gesendet mit der GMX Mail App", "Enviado desde mi iPhone", "Inviato da iPhone", "Verstuurd vanaf mijn iPhone",
     "Sent from Proton Mail for iOS", "Sent from my Galaxy"],
)  # fmt: skip
def test_a_telephone_has_nothing_to_add(line: str) -> None:
    assert reply_text(mail(f"Thanks!\n\n{line}\n\n{HEAD}\n{QUOTED}")) == "Thanks!"


def test_html_says_what_a_reader_would_see() -> None:
    html = "<p>One <b>two</b>\n three</p><script>x</script><ul><li>a<li>b</ul><pre>x\n  y</pre>&lt;i&gt; <!-- c -->z"

    assert html_text(html).split("\n") == ["One two three", "", "- a", "- b", "x", "y", "<i> z"]
