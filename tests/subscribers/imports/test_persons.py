"""A row becomes a person with all that it says, or is refused with a reason."""

from datetime import UTC, datetime

import msgspec
import pytest

from newsletter.subscribers.imports import Person, Refused, Row, map_columns, open_table
from newsletter.subscribers.imports.people import MOST_TAGS, NOBODY, OFFICE, UNCONFIRMED, Persons, moment
from tests.conftest import NOON
from tests.subscribers.imports.conftest import Written
from tests.subscribers.imports.test_mapping import HEADERS


def read(written: Written, words: str, *tags: str) -> list[Person | Refused]:
    table = open_table(written(words))
    persons = Persons(table, map_columns(table), tags, NOON)
    return [persons.read(row) for row in table.rows() if isinstance(row, Row)]


def person(written: Written, words: str, *tags: str) -> Person:
    (found,) = read(written, words, *tags)
    assert isinstance(found, Person), found
    return found


def reason(written: Written, words: str) -> str:
    (found,) = read(written, words)
    assert isinstance(found, Refused), found
    return found.reason


def ms(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> int:
    return int(datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp() * 1000)


def test_all_that_a_row_says_is_kept(written: Written) -> None:
    found = person(
        written,
        "email,first name,last name,tags,joined,town\n"
        ' Ada@Example.org ,Ada,Byron,"vip, ""early"" ,",2024-01-02 10:00:00,Porto\n',
        "moved",
    )
    assert (found.email, found.key, found.status) == ("Ada@example.org", "ada@example.org", "active")
    assert found.name == "Ada Byron"
    assert found.tags == ["moved", "vip", "early"]
    assert msgspec.json.decode(found.fields) == {"town": "Porto"}
    assert found.joined == found.confirmed == ms(2024, 1, 2, 10)


def test_who_has_the_same_cells_shares_no_tag_that_only_one_has(written: Written) -> None:
    words = (
        'email,tags,groups\nada@example.org,"vip,vip",early\nben@example.org,"vip,vip",\ncleo@example.org,,\n'
    )
    assert [one.tags for one in read(written, words) if isinstance(one, Person)] == [
        ["vip", "early"],
        ["vip"],
        [],
    ]
    assert [one.tags for one in read(written, words, "moved") if isinstance(one, Person)] == [
        ["moved", "vip", "early"],
        ["moved", "vip"],
        ["moved"],
    ]


@pytest.mark.parametrize("tags", [(), ("moved",)])
def test_nobody_gets_more_tags_than_can_be_kept(written: Written, tags: tuple[str, ...]) -> None:
    many = [f"t{n}" for n in range(MOST_TAGS + 20)]
    words = f'email,tags,groups\nada@example.org,"{",".join(many[:60])}","{",".join(many)}"\n'
    assert person(written, words, *tags).tags == [*tags, *many][:MOST_TAGS]


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("", "active"),
        ("Subscribed", "active"),
        ("Unsubscribed", "unsubscribed"),
        ("opted-out", "unsubscribed"),
        ("Hard bounced", "bounced"),
        ("SPAM", "complained"),
        ("blocklisted", "blocked"),
    ],
)
def test_who_left_bounced_or_complained_stays_so(written: Written, word: str, status: str) -> None:
    assert person(written, f"email,status\nada@example.org,{word}\n").status == status


OF_SERVICES = [
    ("substack", {"email_disabled": "true"}, "unsubscribed"),
    ("substack", {"email_disabled": "false"}, "active"),
    ("ghost", {"subscribed_to_emails": "false"}, "unsubscribed"),
    ("ghost", {"subscribed_to_emails": "true"}, "active"),
    ("kit", {"state": "cancelled"}, "unsubscribed"),
    ("kit", {"state": "complained"}, "complained"),
    ("buttondown", {"subscriber_type": "regular"}, "active"),
    ("buttondown", {"subscriber_type": "undeliverable"}, "bounced"),
    ("beehiiv", {"Status": "Inactive"}, "unsubscribed"),
    ("mailerlite", {"Status": "Junk"}, "complained"),
    ("listmonk", {"status": "disabled"}, "unsubscribed"),
    ("listmonk", {"status": "blocklisted"}, "blocked"),
    ("ours", {"status": "bounced"}, "bounced"),
]


@pytest.mark.parametrize(("service", "cells", "status"), OF_SERVICES)
def test_each_service_has_its_own_words(
    written: Written, service: str, cells: dict[str, str], status: str
) -> None:
    columns = HEADERS[service].split(",")
    cells |= {column: "ada@example.org" for column in columns if column.lower() in ("email", "email_address")}
    row = ",".join(cells.get(column, "") for column in columns)
    assert person(written, f"{HEADERS[service]}\n{row}\n").status == status


@pytest.mark.parametrize(("column", "status"), [("UNSUB_TIME", "unsubscribed"), ("CLEAN_TIME", "bounced")])
def test_a_file_of_those_who_left_is_known_as_one(written: Written, column: str, status: str) -> None:
    found = person(
        written,
        f"Email Address,MEMBER_RATING,LEID,EUID,{column}\nada@example.org,2,1,a,2024-05-06 07:08:09\n",
    )
    assert (found.status, found.left) == (status, ms(2024, 5, 6, 7, 8, 9))


def test_a_date_of_leaving_is_one_of_leaving(written: Written) -> None:
    words = "email,unsubscribed_at\nada@example.org,{}\n"
    assert person(written, words.format("2024-05-06")).status == "unsubscribed"
    assert person(written, words.format("")).status == "active"


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (",", NOBODY),
        ("nonsense,", "This doesn’t look like an email address. It should look like name@example.org."),
        ("postmaster@example.org,", OFFICE),
        ("ada@example.org,unconfirmed", UNCONFIRMED),
        ("ada@example.org,purple", "Its status “purple” is none that is known here."),
    ],
)
def test_what_cannot_be_taken_in_has_a_reason(written: Written, row: str, why: str) -> None:
    assert reason(written, f"email,status,name\n{row},x\n") == why


def test_what_is_no_object_is_no_field(written: Written) -> None:
    words = "uuid,email,name,attributes,status\n1,ada@example.org,Ada,{},enabled\n"
    assert (
        person(written, words.format('"{""a"":1,""b c"":""x"",""n"":null}"')).fields == '{"a":"1","b_c":"x"}'
    )
    assert reason(written, words.format("oops")) == "Its fields are no JSON object."


@pytest.mark.parametrize("cell", ["Ada B. <ada@example.org>", "mailto:ada@example.org"])
def test_an_address_may_come_in_its_wrapping(written: Written, cell: str) -> None:
    assert person(written, f"email,name\n{cell},\n").key == "ada@example.org"


def test_what_was_guarded_for_a_spreadsheet_is_itself_again(written: Written) -> None:
    found = person(written, "email,name,nick\nada@example.org,'=1+1,'tis\n")
    assert (found.name, msgspec.json.decode(found.fields)) == ("=1+1", {"nick": "'tis"})


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2024-02-29T10:00:00.000Z", ms(2024, 2, 29, 10)),
        ("2024-02-29 12:00:00+02:00", ms(2024, 2, 29, 10)),
        ("2024-02-29 10:00:00 UTC", ms(2024, 2, 29, 10)),
        ("29.2.2024", ms(2024, 2, 29)),
        ("2024/02/29 10:00", ms(2024, 2, 29, 10)),
        ("1709200800", ms(2024, 2, 29, 10)),
        ("1709200800000", ms(2024, 2, 29, 10)),
        ("03/04/2024", None),  # March or April: nobody can tell
        ("31.2.2024", None),
        ("0000-00-00 00:00:00", None),
        ("0001-01-01T00:00:00+23:59", None),
        ("soon", None),
    ],
)
def test_dates_are_read_where_they_can_be(text: str, at: int | None) -> None:
    assert moment(text) == at


def test_nothing_happened_in_the_future(written: Written) -> None:
    assert person(written, "email,joined\nada@example.org,2999-01-01\n").joined == NOON


def test_nothing_that_deceives_an_eye_or_a_header_is_kept(written: Written) -> None:
    words = 'email,name,nick\nada@example.org,"A\u202eda\r\nBcc: x =?utf-8?q?=0ABcc?= \u202b",می\u200cخواهم\n'
    found = person(written, words)
    assert found.name == "A da Bcc: x"
    assert msgspec.json.decode(found.fields) == {"nick": "می\u200cخواهم"}
