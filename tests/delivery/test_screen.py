from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.delivery.transports.commands import with_dots
from newsletter.delivery.transports.screen import refuse_unfit
from newsletter.model import Envelope, Outcome

FINE = b"Subject: x\r\n\r\nbody\r\n"


def screen(
    *, sender: str = "news@example.org", recipient: str = "ada@example.org", message: bytes = FINE, utf8: bool = True
) -> str:
    refused = refuse_unfit(Envelope(sender=sender, recipient=recipient), message, utf8=utf8)
    if refused is None:
        return ""
    assert (refused.outcome, refused.code) == (Outcome.REFUSED, 0)
    return refused.reply


@pytest.mark.parametrize(
    "address",
    [
        "ada@example.org",
        "o'brien+tag@example.org",
        "bounce+e1=ada@news.example.org",
        "a@[127.0.0.1]",
        "ada@xn--bcher-kva.example",
        "x" * 64 + "@example.org",
    ],
)
def test_ordinary_addresses_pass(address: str) -> None:
    assert screen(recipient=address) == ""


@pytest.mark.parametrize(
    "address",
    ["élise@example.org", "用户@example.org", "أمل@example.org", "अदा@example.org", "ö" * 32 + "@example.org"],
)
def test_names_in_any_script_pass_where_the_transport_carries_them(address: str) -> None:
    assert screen(recipient=address) == screen(sender=address) == ""
    assert "address" in screen(recipient=address, utf8=False)


@pytest.mark.parametrize(
    "address",
    [
        "e\u0301lise@example.org",  # two spellings of one address
        "é lise@example.org",
        "é\u00a0lise@example.org",
        "é\r\nRSET@example.org",
        "é\x85@example.org",
        "é\u200b@example.org",
        "é\u202egro@example.org",
        "é\u2028@example.org",
        "é\ufeff@example.org",
        "é\ud800@example.org",
        "é\uff1e@example.org",  # a wide >
        "é“x”@example.org",
        '"élise"@example.org',
        "élise(x)@example.org",
        "élise@example.org>",
        "☃@example.org",
        "ö" * 33 + "@example.org",  # 66 octets
        "é" * 32 + "@" + "x." * 95 + "org",  # 258 octets
    ],
)
def test_names_that_hide_something_are_refused_in_any_script(address: str) -> None:
    assert "address" in screen(recipient=address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ada",
        "@example.org",
        "ada@",
        "ada@example.org>\r\nRCPT TO:<eve@example.com",
        "ada@example.org\r\nDATA",
        "ada@example.org\n",
        "ada\0@example.org",
        "ada @example.org",
        "<ada@example.org>",
        "ada@example.org> SIZE=1",
        "ada@example.org BODY=8BITMIME",
        "@relay.example.com:ada@example.org",
        "ada@example.com@example.org",
        '"ada quay"@example.org',
        '"a>b"@example.org',
        "ada@exa mple.org",
        "ada@example.org\t",
        "ada@bücher.example",
        "ada@example.org\u2028",
        "x" * 65 + "@example.org",
        "ada@" + "x." * 126 + "org",
        "ada,ben@example.org",
        "ada;ben@example.org",
        "ada@example.org,ben@example.org",
        "ada(comment)@example.org",
    ],
)
def test_addresses_that_could_speak_smtp_are_refused(address: str) -> None:
    assert "address" in screen(recipient=address)
    assert address == "" or "address" in screen(sender=address)


def test_the_refusal_does_not_repeat_the_address() -> None:
    assert "eve" not in screen(recipient="ada@example.org>\r\nRCPT TO:<eve@example.com")


def test_the_null_sender_of_notices_passes() -> None:
    assert screen(sender="") == ""


@pytest.mark.parametrize(
    "smuggled", [b"\r.\r\n", b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r\n.\r", b"\r.\r", b"\r\n\0.\r\n"]
)
@pytest.mark.parametrize("where", ["start", "middle", "end"])
def test_bare_line_ends_and_nul_are_refused(smuggled: bytes, where: str) -> None:
    at = {"start": 0, "middle": len(FINE) // 2, "end": len(FINE)}[where]

    assert "bare CR or LF" in (words := screen(message=FINE[:at] + smuggled + FINE[at:])) or "NUL" in words


def test_an_empty_message_is_refused() -> None:
    assert "empty" in screen(message=b"")


@given(st.binary(max_size=60).map(lambda raw: raw.replace(b"x", b"\r\n").replace(b"y", b".")))
def test_whatever_passes_arrives_as_one_message_and_unchanged(message: bytes) -> None:
    if screen(message=message):
        return

    wire = with_dots(message)

    assert wire.endswith(b"\r\n.\r\n")
    assert wire.count(b"\r\n.\r\n") == 1
    assert not wire.startswith(b".\r\n")
    lines = wire[:-3].split(b"\r\n")
    assert all(line != b"." for line in lines)
    received = b"\r\n".join(line[1:] if line.startswith(b".") else line for line in lines)
    assert received == message + (b"" if message.endswith(b"\r\n") else b"\r\n")


def test_without_the_dots_a_line_would_end_the_message() -> None:
    message = b"Subject: x\r\n\r\n.\r\nMAIL FROM:<eve@example.com>\r\n"

    assert b"\r\n.\r\n" in message
    assert with_dots(message).count(b"\r\n.\r\n") == 1
