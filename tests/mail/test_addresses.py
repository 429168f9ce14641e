"""An address on the wire is ASCII, checked, and never carries a command."""

from __future__ import annotations

import pytest

from newsletter.mail.addresses import wire_address
from newsletter.mail.errors import MessageError


@pytest.mark.parametrize(
    ("address", "wire"),
    [
        ("ada@example.org", "ada@example.org"),
        ("ada.quay+news@sub.example.org", "ada.quay+news@sub.example.org"),
        ("o'neil_1-x@example.org", "o'neil_1-x@example.org"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@straße.example", "ada@xn--strae-oqa.example"),
        ("ada@bounce.invalid", "ada@bounce.invalid"),
    ],
)
def test_a_good_address_is_ready_for_the_wire(address: str, wire: str) -> None:
    # "straße" tells IDNA 2008 from the 2003 rules of the standard library, which give strasse.
    assert wire_address(address) == wire


@pytest.mark.parametrize(
    "address",
    [
        "", "@", "ada", "ada@", "@example.org", "ada@example", "a@b@example.org", "ada @example.org",
        " ada@example.org", "ada@example.org ", "ada@example.org\r\nRCPT TO:<v@example.com>", "ada\n@example.org",
        "ada\0@example.org",
        "ada\t@example.org", "<ada@example.org>", "ada@example.org>", '"ada"@example.org', "a%b@example.org",
        "a!b@example.org", "=?utf-8?q?=C3=A9lise?=@example.org", "x@=?utf-8?q?th=C3=A9?=.example", ".ada@example.org",
        "ada.@example.org", "a..b@example.org", "a" * 65 + "@example.org", "a@" + "b" * 64 + ".org",
        "a@" + "b." * 130 + "org", "ada@-example.org", "ada@example-.org", "ada@[127.0.0.1]", "ada@example..org",
        "ada@.example.org", "ada@example.org.", "ada,ben@example.org", "ada;ben@example.org", "ada@exa mple.org",
        "ada@example.org,ben@example.org", "ada(x)@example.org", "ada\\@example.org", "a:b@example.org",
        "ada@exam\u2028ple.org", "ada@\u202eexample.org", "ada@ex\xadample.org", "ada@xn--.example",
        "ada@_x.example.org",
    ],
)  # fmt: skip
def test_s23_an_address_that_could_carry_more_than_an_address_is_refused(address: str) -> None:
    with pytest.raises(MessageError) as refusal:
        wire_address(address)
    assert "\r" not in str(refusal.value)


def test_a_local_part_outside_ascii_is_refused_in_a_sentence_without_the_address() -> None:
    with pytest.raises(MessageError, match=r"é…@example\.org has letters outside ASCII.*another address") as refusal:
        wire_address("élise@example.org")
    assert "lise@" not in str(refusal.value)
