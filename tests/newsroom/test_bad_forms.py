"""Rubbish in the sign-up form, against the real desk and a real database; the counts stand in tests/web/README.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from newsletter.subscribers import Answer, Choices, SignUpForm

MALFORMED = (
    "", " ", "ben", "@", "ben@", "@example.org", "ben@example", "ben@@example.org", "ben@example..org", "ben@.org",
    ".ben@example.org", "ben.@example.org", "b..en@example.org", "-ben@example.org", "ben @example.org",
    "ben@exam ple.org", "ben@[127.0.0.1]", '"ben"@example.org', "ben(x)@example.org", "Ben <ben@example.org>",
    "ben@example.org,ada@example.org", "ben@example.org;ada@example.org", "mailto:ben@example.org",
    "ben%ada@example.org", "ben!ada@example.org",
    "ben@example.org\0", "a" * 65 + "@example.org", "ben@" + "a" * 250 + ".org", "=?utf-8?q?ben?=@example.org",
)  # fmt: skip
INJECTED = (
    "ben@example.org\r\nBcc: eve@example.org", "ben@example.org\nRCPT TO:<eve@example.org>", "ben\r\n@example.org",
    "ben@example.org\u2028Bcc: x", "ben@example.org\x0bBcc: x", "ben@example.org%0d%0aBcc: x",
)  # fmt: skip
SMTPUTF8 = ("bén@example.org", "بن@example.org", "本@example.org", "b\u200ben@example.org", "ｂｅｎ@example.org")
LOOK_ALIKE = ("ben@exаmple.org", "ben@еxample.org", "ben@examрle.org")
IDN = ("ben@bücher.example", "ben@مثال.example", "ben@例え.example", "ben@xn--bcher-kva.example")
NAMES = (
    "x" * 65_536, "Ben\r\nBcc: eve@example.org", "Ben\nSubject: x", "Ben\0", "Ben\u202egro", "\ud800", "Ben\u2028x",
)  # fmt: skip
HARMLESS_NAMES = ("<b>Ben</b>", '"><script>alert(1)</script>', "{{ 7*7 }}", "Robert'); DROP TABLE subscribers;--", "بن")
ODD_CHOICES = (
    {"rhythm": "hourly"}, {"language": "tlh"}, {"hour": "24"}, {"hour": "-1"}, {"time_zone": "Mars/Olympus"},
    {"time_zone": "../../etc/passwd"}, {"topics": ("nothing",)}, {"rhythm": "each\0"},
)  # fmt: skip
COUNTS = {
    "malformed addresses": len(MALFORMED),
    "addresses with commands or headers": len(INJECTED),
    "addresses outside ASCII (SMTPUTF8)": len(SMTPUTF8),
    "look-alike domains": len(LOOK_ALIKE),
    "IDN domains, which are taken": len(IDN),
    "names that cannot be kept": len(NAMES),
    "names that are text and nothing else": len(HARMLESS_NAMES),
    "choices this newsroom does not have": len(ODD_CHOICES),
}


def form(address: str = "ben@example.org", **choices) -> SignUpForm:
    chosen = Choices(**choices)
    return SignUpForm(address=address, choices=chosen, wording="Yes.", wording_language="en", page="/subscribe")


@pytest.fixture
def readers(desk):
    return desk.newsroom.readers_desk(told=lambda: None)


def written(desk) -> list[str]:
    with desk.newsroom.store.reading() as connection:
        rows = connection.exec_driver_sql("SELECT address FROM subscribers UNION ALL SELECT to_address FROM notices")
        return [row[0] for row in rows]


@pytest.mark.parametrize("address", MALFORMED + INJECTED + SMTPUTF8 + LOOK_ALIKE)
def test_odd_address_is_refused_and_nothing_is_written(desk, readers, address: str) -> None:
    assert readers.sign_up(form(address)) is Answer.ODD_ADDRESS
    assert written(desk) == []


@pytest.mark.parametrize("address", IDN)
def test_domain_of_any_script_is_taken_in_ascii(desk, readers, address: str) -> None:
    assert readers.sign_up(form(address)) is Answer.TAKEN
    assert all(each.isascii() for each in written(desk))
    assert len(written(desk)) == 2


@pytest.mark.parametrize("name", NAMES)
def test_name_that_cannot_be_kept_is_refused(desk, readers, name: str) -> None:
    assert readers.sign_up(form(name=name)) is Answer.ODD_CHOICE
    assert written(desk) == []


@pytest.mark.parametrize("name", HARMLESS_NAMES)
def test_name_of_any_text_is_in_no_notice(desk, readers, name: str) -> None:
    assert readers.sign_up(form(name=name)) is Answer.TAKEN
    with desk.newsroom.store.reading() as connection:
        (message,) = [row[0] for row in connection.exec_driver_sql("SELECT message FROM notices")]
    assert name.encode() not in message


@pytest.mark.parametrize("choices", ODD_CHOICES)
def test_choice_nobody_offered_is_refused(desk, readers, choices) -> None:
    assert readers.sign_up(form(**choices)) is Answer.ODD_CHOICE
    assert written(desk) == []


def test_counts_in_the_readme_are_true() -> None:
    readme = (Path(__file__).parents[1] / "web" / "README.md").read_text("utf-8")

    rows = dict(re.findall(r"^\| ([^|]+?) \| (\d+) \|$", readme, re.MULTILINE))

    assert {name: int(rows[name]) for name in COUNTS} == COUNTS
