"""What each column is for: known services by their header, everything else by name and by content."""

import pytest

from newsletter.errors import BadInput
from newsletter.subscribers.imports import Mapping, map_columns, open_table
from tests.subscribers.imports.conftest import Written

HEADERS = {
    "mailchimp": "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,LEID,EUID,TAGS",
    "kit": "first_name,email_address,state,created_at,tags",
    "substack": "email,active_subscription,expiry,plan,email_disabled,created_at,first_payment_at",
    "buttondown": "email,creation_date,notes,metadata,tags,referrer_url,subscriber_type",
    "beehiiv": "Email,Status,Created At,Subscription Tier,UTM Source",
    "ghost": "id,email,name,note,subscribed_to_emails,complimentary_plan,created_at,deleted_at,labels",
    "mailerlite": "Email,Status,Subscribed,Sent,Opens,Clicks,Groups",
    "listmonk": "uuid,email,name,attributes,status,created_at,updated_at",
    "ours": "email,name,status,tags,form,signed_up,confirmed,unsubscribed,fields,consent_at,consent_wording",
}


def mapped(written: Written, words: str, preset: str = "", **said: str) -> Mapping:
    return map_columns(open_table(written(words)), preset, said)


@pytest.mark.parametrize("name", HEADERS)
def test_an_export_is_known_by_its_header(written: Written, name: str) -> None:
    header = HEADERS[name]
    mapping = mapped(written, f"{header}\n{',' * header.count(',')}x\n")
    assert mapping.preset == name
    assert mapping.targets.count("email") == 1
    assert "joined" in mapping.targets


def test_the_columns_of_others_are_known_by_their_names(written: Written) -> None:
    mapping = mapped(
        written, "Vorname;Nachname;E-Mail-Adresse;Tags;Lieblingsfarbe\nA;B;a@example.org;x;blau\n"
    )
    assert mapping.targets == ("first_name", "last_name", "email", "tags", "field:lieblingsfarbe")


def test_addresses_are_found_by_what_stands_there(written: Written) -> None:
    mapping = mapped(written, "wer,wohin,seit\nAda,ada@example.org,2024\nBen,ben@example.org,2023\n")
    assert mapping.targets == ("field:wer", "email", "field:seit")


def test_what_the_owner_says_wins(written: Written) -> None:
    words = "email,other mail,name\na@example.org,b@example.org,Ada\n"
    assert mapped(written, words, **{"other mail": "email", "name": "field:Nick Name"}).targets == (
        "field:email",
        "email",
        "field:nick_name",
    )
    assert mapped(written, words, name="ignore").targets == ("email", "field:other_mail", "ignore")


def test_a_preset_can_be_said(written: Written) -> None:
    assert mapped(written, "email,email_disabled\na@example.org,true\n", "substack").targets == (
        "email",
        "disabled",
    )


@pytest.mark.parametrize(
    ("words", "preset", "said", "sentence"),
    [
        ("name,town\nAda,Porto\n", "", {}, "No column of this file holds email addresses"),
        ("email\na@example.org\n", "nobody", {}, "no preset 'nobody'"),
        ("email\na@example.org\n", "", {"mail": "email"}, "no column 'mail'"),
        ("email\na@example.org\n", "", {"email": "address"}, "can’t become 'address'"),
        ("a,b\na@example.org,b\n", "", {"a": "name", "b": "name"}, "Two columns can’t both be name"),
    ],
)
def test_a_mapping_that_cannot_be_is_said(
    written: Written, words: str, preset: str, said: dict[str, str], sentence: str
) -> None:
    with pytest.raises(BadInput, match=sentence):
        mapped(written, words, preset, **said)
