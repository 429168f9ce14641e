from __future__ import annotations

import re

import pytest
from email_validator import validate_email
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.errors import UsageError
from newsletter.subscribers import ValidAddress, mask, parse_address

WIRE_SAFE = re.compile(r"[A-Za-z0-9._+'-]{1,64}@[a-z0-9.-]+\.[a-z0-9-]+")

HOSTILE = [
    "",
    " ",
    "@",
    "ada",
    "ada@",
    "@example.org",
    "ada@@example.org",
    "ada@example.org@example.com",
    "ada example@example.org",
    "ada@exam ple.org",
    "ada@example.org\r\nRCPT TO:<dan@example.org>",
    "ada@example.org\r\nBcc: dan@example.org",
    "ada\r\nBcc:dan@example.org",
    "ada\n@example.org",
    "ada@example.org\n",
    "ada@example.org\x00",
    "ada\x00@example.org",
    "ada\x7f@example.org",
    "ada@example.org\x0b",
    "\tada\t@example.org",
    "<ada@example.org>",
    "Ada <ada@example.org>",
    "ada@example.org, ben@example.org",
    "ada@example.org;ben@example.org",
    "ada@example.org>",
    "mailto:ada@example.org",
    "ada%example.com@example.org",
    "ada!example.com@example.org",
    "@example.com:ada@example.org",
    "ada/example@example.org",
    "=?utf-8?q?ada?=@example.org",
    "=?utf-8?b?YWRh?=@example.org",
    '"ada"@example.org',
    '"ada quay"@example.org',
    '"ada\\"@example.org"@example.org',
    "ada(comment)@example.org",
    "ada@(comment)example.org",
    "ada@[127.0.0.1]",
    "ada@[IPv6:::1]",
    "ada@127.0.0.1",
    "ada@localhost",
    "ada@invalid",
    "ada@test",
    "ada@harbour.local",
    "ada@harbour.onion",
    "ada@1.168.192.in-addr.arpa",
    ".ada@example.org",
    "ada.@example.org",
    "ada..quay@example.org",
    "-f@example.org",
    "ada@.example.org",
    "ada@example..org",
    "ada@example.org.",
    "ada@-example.org",
    "ada@example-.org",
    "ada@ex_ample.org",
    "ada@ab--example.org",
    "ada@xn--example-.org",
    "a" * 65 + "@example.org",
    "ada@" + "a" * 64 + ".org",
    "ada@" + "a." * 126 + "org",
    "a" * 64 + "@" + ".".join(["a" * 50] * 4) + ".org",
    "\u212aada@example.org",  # KELVIN SIGN, which NFC makes a K
    "аda@example.org",  # begins with CYRILLIC SMALL LETTER A
    "ada@exаmple.org",
    "ada@gооgle.example",
    "ada＠example.org",
    "ada\u202e@example.org",
    "ada@example\u202e.org",
    "ada@exa\u200bmple.org",
    "ada\ud800@example.org",
    "ada@\ud800.org",
    "عدا@example.org",
    "`id`@example.org",
    "$(id)@example.org",
    "ada|id@example.org",
    "{{7*7}}@example.org",
    "=1+1@example.org",
    "<script>@example.org",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_s23_hostile_addresses_are_refused_in_a_printable_sentence(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_address(text)

    sentence = str(caught.value)
    assert sentence.isprintable()
    assert sentence.endswith("Write one plain address, like ada@example.org.")


def test_control_the_library_alone_lets_routes_and_encoded_words_through() -> None:
    for text in ("ada%example.com@example.org", "=?utf-8?q?ada?=@example.org", "ada@exаmple.org"):
        assert validate_email(text, check_deliverability=False, strict=True)


@pytest.mark.parametrize(
    ("text", "address", "key"),
    [
        ("ada@example.org", "ada@example.org", "ada@example.org"),
        ("  ada@example.org\u00a0", "ada@example.org", "ada@example.org"),
        ("Ada.Quay@Example.ORG", "Ada.Quay@example.org", "ada.quay@example.org"),
        ("o'neil+news_1-a@example.com", "o'neil+news_1-a@example.com", "o'neil+news_1-a@example.com"),
        ("+ada@example.org", "+ada@example.org", "+ada@example.org"),
        ("ada@harbour.invalid", "ada@harbour.invalid", "ada@harbour.invalid"),
        ("ada@Example.INVALID", "ada@example.invalid", "ada@example.invalid"),
        ("ada@harbour.test", "ada@harbour.test", "ada@harbour.test"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
        ("ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
        ("ada@ｅｘample。org", "ada@example.org", "ada@example.org"),
        ("ada@日本語abc.example", "ada@" + "日本語abc.example".encode("idna").decode(), None),
        ("a" * 64 + "@example.org", "a" * 64 + "@example.org", None),
    ],
)
def test_one_person_has_one_key(text: str, address: str, key: str | None) -> None:
    found = parse_address(text)

    assert found.address == address
    assert found.key == (key or address)


def test_the_longest_address_is_254_octets() -> None:
    domain = ".".join(["a" * 62] * 3) + ".bc"
    longest = "b" * (254 - 1 - len(domain)) + "@" + domain

    assert len(parse_address(longest).address) == 254
    with pytest.raises(UsageError, match="longer than 254 octets"):
        parse_address("b" + longest)


@settings(deadline=None)
@given(st.text(max_size=80) | st.from_regex(r"[a-z%<>\r\n.]{0,9}@[a-z.\x00-\x20é]{0,12}", fullmatch=True))
def test_any_text_is_a_wire_safe_address_or_a_printable_sentence(text: str) -> None:
    answer: ValidAddress | str
    try:
        answer = parse_address(text)
    except UsageError as error:
        answer = str(error)

    if isinstance(answer, str):
        assert answer.isprintable()
    else:
        assert WIRE_SAFE.fullmatch(answer.address)
        assert len(answer.address) <= 254


@settings(deadline=None)
@given(
    st.from_regex(r"[A-Za-z0-9_+'][A-Za-z0-9_+'-]{0,20}(\.[a-z0-9]{1,9})?", fullmatch=True),
    st.sampled_from(["example.org", "EXAMPLE.com", "harbour.invalid", "bücher.example"]),
)
def test_an_address_once_parsed_reads_as_itself(local: str, domain: str) -> None:
    found = parse_address(f"{local}@{domain}")

    assert parse_address(found.address) == found
    assert parse_address(found.address.upper()).key == found.key


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("ada@example.org", "a…@example.org"),
        ("ada", "a…"),
        ("", "…"),
        ("a@b@example.org", "a…@example.org"),
        ("\x1b[31mada@exa\r\nmple.org", "\ufffd…@exa\ufffd\ufffdmple.org"),
        ("ada@" + "a" * 70, "a…@" + "a" * 60 + "…"),
    ],
)
def test_a_masked_address_shows_one_letter_and_the_domain(address: str, shown: str) -> None:
    assert mask(address) == shown


def test_the_refusal_does_not_spell_the_address_out() -> None:
    with pytest.raises(UsageError) as caught:
        parse_address("ada lovelace@example.org")

    assert str(caught.value) == (
        '"a…@example.org" cannot be mailed: Before the @ we take letters A to Z, digits and . _ + \' - only, '
        "and this has a space. Write one plain address, like ada@example.org."
    )
