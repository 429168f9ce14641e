"""DKIM: what the world knows of our keys."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from newsletter.mail import DkimKind, new_dkim_key, read_dkim_key
from newsletter.trust import MailIdentity, TrustCheck, check_trust

NAME = "news2025._domainkey.example.org"


def text(*strings: str) -> str:
    return f"{NAME}. IN TXT " + " ".join('"' + string.replace('"', '\\"') + '"' for string in strings)


def checks_of(checks: list[TrustCheck], selector: str = "news2025") -> list[TrustCheck]:
    return [check for check in checks if check.what == f"DKIM key {selector} of example.org"]


def split(record: str, at: int = 255) -> list[str]:
    return [record[start : start + at] for start in range(0, len(record), at)]


def test_a_key_as_wanted_is_well(identity: MailIdentity, publish) -> None:
    checks = check_trust(identity, publish())

    assert [check.found for check in checks_of(checks)] == ["published, 2048 bits"]
    assert [check.verdict for check in checks_of(checks, "news2025e")] == ["ok"]


@pytest.mark.parametrize("at", [64, 100, 255])
def test_a_key_is_ours_however_it_is_split(identity: MailIdentity, publish, at: int) -> None:
    lines = text(*split(identity.keys[0][1], at))

    (check,) = checks_of(check_trust(identity, publish(lines, without=[NAME])))

    assert check.verdict == "ok"


@pytest.mark.parametrize(
    "respell",
    [
        lambda record: record.replace("v=DKIM1; ", ""),
        lambda record: record.replace("k=rsa; ", ""),
        lambda record: record.replace("; ", ";") + ";",
        lambda record: record.replace("p=", "h=sha1:sha256; s=email; n=ours; p="),
        lambda record: record[:200] + "  " + record[200:],
    ],
    ids=["no version", "no kind", "no blanks", "more tags", "blanks in the key"],
)
def test_a_key_is_compared_by_what_it_is_and_not_by_how_it_is_written(identity: MailIdentity, publish, respell) -> None:
    lines = text(*split(respell(identity.keys[0][1])))

    (check,) = checks_of(check_trust(identity, publish(lines, without=[NAME])))

    assert check.verdict == "ok"


def spoilt(record: str) -> dict[str, tuple[list[str], str]]:
    """By name: the lines that are published for `record`, and what is said of them."""
    one, two = split(record)
    other = read_dkim_key(new_dkim_key(), selector="x").record
    short = read_dkim_key(new_dkim_key(DkimKind.ED25519), selector="x").record
    return {
        "none": ([], "no record"),
        "revoked": ([text("v=DKIM1; k=rsa; p=")], "the key is revoked"),
        "another": ([text(*split(other))], "another key than the one we sign with"),
        "another kind": ([text(short)], "another kind (k=ed25519, ours is rsa)"),
        "two records": ([text(one), text(two)], "one key in 2 records"),
        "two keys": ([text(*split(record)), text(*split(other))], "2 records, and receivers pick any"),
        "cut off": ([text(one)], "cut off after 237 of 392 characters"),
        "quotation marks": ([text(*split(f'{one}" "{two}'))], "quotation marks inside the key"),
        "junk": ([text("v=DKIM1; k=rsa; p=!!!")], "no base64"),
        "no tags": ([text("hello")], "no key in the record"),
        "no key": ([text("v=DKIM1; k=rsa")], "no key in the record"),
        "another version": ([text(*split(record.replace("DKIM1", "DKIM2")))], "v=DKIM2 is no DKIM key"),
        "not for mail": ([text(*split(record.replace("p=", "s=tlsrpt; p=")))], "s=tlsrpt is not for mail"),
        "SHA-1 alone": ([text(*split(record.replace("p=", "h=sha1; p=")))], "h=sha1 leaves SHA-256 out"),
        "twice the same tag": ([text(*split(record.replace("k=rsa", "k=rsa; k=rsa")))], "no key in the record"),
    }


@pytest.mark.parametrize("name", list(spoilt("v=DKIM1; k=rsa; p=" + "A" * 392)))
def test_a_key_that_no_receiver_can_use_is_broken(identity: MailIdentity, publish, name: str) -> None:
    lines, found = spoilt(identity.keys[0][1])[name]

    (check,) = checks_of(check_trust(identity, publish(*lines, without=[NAME])))

    assert check.verdict == "broken"
    assert found in check.found
    assert check.advice


def test_a_key_that_is_only_tried_out_is_advice(identity: MailIdentity, publish) -> None:
    lines = text(*split(identity.keys[0][1].replace("p=", "t=s:y; p=")))

    (check,) = checks_of(check_trust(identity, publish(lines, without=[NAME])))

    assert (check.verdict, check.advice) == ("advice", "take t=y out")


@pytest.mark.parametrize(("bits", "verdict"), [(1024, "advice"), (1536, "advice"), (2048, "ok"), (3072, "ok")])
def test_a_short_rsa_key_is_advice(identity: MailIdentity, publish, bits: int, verdict: str) -> None:
    record = read_dkim_key(new_dkim_key(bits=bits), selector="news2025").record
    short = replace(identity, keys=(("news2025", record),))

    (check,) = checks_of(check_trust(short, publish(text(*split(record)), without=[NAME])))

    assert (check.verdict, f"{bits} bits" in check.found) == (verdict, True)


# A modulus of 512 bits: cryptography makes none so short.
TINY = (
    rsa.RSAPublicNumbers(65_537, (1 << 511) + 111)
    .public_key()
    .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
)


def test_an_rsa_key_below_1024_bits_is_broken(identity: MailIdentity, publish) -> None:
    record = f"v=DKIM1; k=rsa; p={base64.b64encode(TINY).decode()}"
    tiny = replace(identity, keys=(("news2025", record),))

    (check,) = checks_of(check_trust(tiny, publish(text(record), without=[NAME])))

    assert (check.verdict, check.found) == ("broken", "512 bits, which no receiver accepts")


def test_a_name_server_that_is_silent_is_advice_and_never_well(identity: MailIdentity, publish) -> None:
    (check,) = checks_of(check_trust(identity, publish(silent=[NAME])))

    assert (check.verdict, check.advice) == ("advice", "ask again later")
