"""What the desk says, from a terminal: the way back for an owner whom it locks out."""

from newsletter.owners import settings_store
from newsletter.seals import seal
from newsletter.web.kit.owner_values import RELAY
from tests.cast import SETTINGS, House
from tests.cli.machine import Machine

URL = "smtp://olga:geheim@127.0.0.1:9?tls=off"


async def _set(house: House) -> None:
    sealed = seal(SETTINGS.secret_keys, RELAY, URL)
    for name, value in (("smtp_url", sealed), ("time_zone", "Asia/Tokyo"), ("from_name", "Ada")):
        await house.db.write(settings_store.put, name, value)


def test_what_is_set_is_listed_and_taken_back(machine: Machine) -> None:
    assert "Nothing is set" in machine.says("settings", "list").text
    machine.act(_set)
    machine.environment["NEWSLETTER_TIME_ZONE"] = "UTC"
    listed = machine.says("settings", "list").text
    assert "time_zone  Asia/Tokyo  (the environment wins)" in listed
    assert "from_name  Ada\n" in listed
    assert "smtp_url  (sealed)" in listed
    assert "geheim" not in listed
    assert "127.0.0.1:9" in machine.says("doctor", code=1).text, "the terminal asks the one that mail goes by"
    machine.says("settings", "reset", "relay", "time_zone")
    assert machine.says("settings", "list").text == "from_name  Ada\n"
    assert "no 'nothing'" in machine.says("settings", "reset", "nothing", code=1).err
    assert "127.0.0.1:9" not in machine.says("doctor", code=1).text
