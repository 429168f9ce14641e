"""A real message, judged as a large receiver judges it, without a network."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.mail import DkimSigner, sign_message
from newsletter.trust import AuthResult, Names, ZoneNames, read_zone, rehearse_auth


def judge(
    message: bytes, names: Names, *, sender: str = "b+1@bounce.example.org", ip: str = "192.0.2.25"
) -> AuthResult:
    return rehearse_auth(message, envelope_sender=sender, helo="mail.bounce.example.org", ip=ip, names=names)


@pytest.mark.parametrize("ip", ["192.0.2.25", "2001:db8::25"])
def test_a_signed_message_from_our_server_passes_everything(signed: bytes, publish, ip: str) -> None:
    result = judge(signed, publish(), ip=ip)

    assert (result.spf.result, result.dkim, result.dmarc) == ("pass", "pass", "pass")
    assert [one.algorithm for one in result.signatures] == ["rsa-sha256", "ed25519-sha256"]
    assert result.aligned == ("spf", "dkim example.org")
    assert result.passes


def test_a_forwarded_message_passes_by_its_signatures_but_not_by_spf(signed: bytes, publish) -> None:
    result = judge(signed, publish(), ip="198.51.100.9")

    assert (result.spf.result, result.dkim, result.dmarc) == ("softfail", "pass", "pass")
    assert not result.passes


def test_an_unsigned_message_passes_dmarc_by_spf_alone(signed: bytes, publish) -> None:
    unsigned = signed[signed.index(b"From: The") :]

    result = judge(unsigned, publish())

    assert (result.dkim, result.dmarc, result.aligned) == ("none", "pass", ("spf",))
    assert result.uncovered == ("list-unsubscribe", "list-unsubscribe-post")
    assert not result.passes


def test_a_signature_that_leaves_out_the_fields_for_leaving_is_not_enough(signed: bytes, keys, publish) -> None:
    unsigned = signed[signed.index(b"From: The") :]
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    pem = keys[0].private.private_bytes(*form)
    covered = [b"from", b"to", b"subject", b"list-unsubscribe"]
    field = dkim.sign(unsigned, b"news2025", b"example.org", pem, include_headers=covered)

    result = judge(field + unsigned, publish())

    assert (result.spf.result, result.dkim, result.dmarc) == ("pass", "pass", "pass")
    assert result.uncovered == ("list-unsubscribe-post",)
    assert not result.passes


def test_every_changed_octet_of_what_is_signed_breaks_both_signatures(signed: bytes, publish) -> None:
    names, chance = publish(), random.Random(8)
    begin = signed.index(b"From: The")
    # A blank more or less and the case of a field's name are the same to "relaxed" (RFC 6376 §3.4.2).
    places = [place for place in range(begin, len(signed)) if signed[place : place + 1].isalnum()]

    for place in chance.sample(places, 60):
        changed = bytearray(signed)
        changed[place] = ord("x") if changed[place] != ord("x") else ord("y")
        result = judge(bytes(changed), names)

        assert [one.result for one in result.signatures] == ["fail", "fail"], bytes(changed[place - 20 : place + 20])


@pytest.mark.parametrize("name", [b"From", b"To", b"Subject", b"List-Unsubscribe-Post", b"Content-Type"])
def test_a_second_field_of_a_kind_breaks_both_signatures(signed: bytes, publish, name: bytes) -> None:
    result = judge(name + b": Mallory <m@example.org>\r\n" + signed, publish())

    assert [one.result for one in result.signatures] == ["fail", "fail"]


@pytest.mark.parametrize(
    ("lines", "without", "result", "why"),
    [
        ([], ["news2025._domainkey.example.org"], "permerror", "no key is published"),
        (['KEY. IN TXT "v=DKIM1; p="'], ["KEY"], "fail", "the key is revoked"),
        (['KEY. IN TXT "v=DKIM1; k=rsa; p=!"'], ["KEY"], "fail", "does not fit"),
        (['KEY. IN TXT "junk"'], ["KEY"], "fail", "does not fit"),
        (['KEY. IN TXT "v=DKIM1; k=rsa; p=AAAA"'], [], "permerror", "2 keys are published"),
    ],
)
def test_a_key_that_is_not_to_be_trusted_makes_its_signature_worthless(
    signed: bytes, publish, lines: list[str], without: list[str], result: str, why: str
) -> None:
    key = "news2025._domainkey.example.org"
    names = publish(*(line.replace("KEY", key) for line in lines), without=[key if n == "KEY" else n for n in without])

    rsa, ed25519 = judge(signed, names).signatures

    assert (rsa.result, ed25519.result) == (result, "pass")
    assert why in rsa.why


def test_the_signature_of_a_stranger_does_not_help_from(keys, publish) -> None:
    rsa = keys[0]
    message = b"From: news@example.org\r\nSubject: x\r\n\r\nx\r\n"
    message = sign_message(
        message, DkimSigner(domain="example.net", keys=(rsa,)), now=datetime(2025, 11, 1, tzinfo=UTC)
    )
    strings = " ".join(f'"{rsa.record[start : start + 255]}"' for start in (0, 255))
    names = publish(f"news2025._domainkey.example.net. IN TXT {strings}")

    result = judge(message, names, sender="b@example.net")

    assert (result.dkim, result.dmarc, result.policy) == ("pass", "fail", "quarantine")
    assert result.why == "neither SPF nor a signature passes for example.org"


def test_a_bounce_is_judged_by_the_name_that_greets(signed: bytes, publish) -> None:
    names = publish('mail.bounce.example.org. IN TXT "v=spf1 a -all"')

    result = judge(signed, names, sender="")

    assert (result.spf.result, result.spf_domain) == ("pass", "mail.bounce.example.org")


def test_without_a_dmarc_record_there_is_no_verdict(signed: bytes, publish) -> None:
    result = judge(signed, publish(without=["_dmarc.example.org"]))

    assert (result.dmarc, result.passes) == ("none", False)


@pytest.mark.parametrize(
    ("silent", "verdicts"),
    [
        ("bounce.example.org", ("temperror", "pass", "pass")),
        ("news2025._domainkey.example.org", ("pass", "fail", "pass")),
        ("_dmarc.example.org", ("pass", "pass", "temperror")),
    ],
)
def test_a_name_server_that_is_silent_never_makes_a_pass(
    signed: bytes, publish, silent: str, verdicts: tuple[str, str, str]
) -> None:
    result = judge(signed, publish(silent=[silent]))

    assert (result.spf.result, result.dkim, result.dmarc) == verdicts
    assert not result.passes


@pytest.mark.parametrize(
    ("author", "dmarc"),
    [
        (b"From: a@example.org, b@example.org", "pass"),
        (b"From: a@example.org, b@example.com", "permerror"),
        (b"From: a@example.org\r\nFrom: b@example.com", "permerror"),
        (b"From: nobody", "permerror"),
        (b"Sender: a@example.org", "permerror"),
        (b'From: "a@example.com" <a@example.org>', "pass"),
        (b"From: =?utf-8?q?a=40example=2Ecom?= <a@example.org>", "pass"),
    ],
)
def test_dmarc_needs_one_domain_in_from(publish, author: bytes, dmarc: str) -> None:
    assert judge(author + b"\r\nSubject: x\r\n\r\nx\r\n", publish()).dmarc == dmarc


@settings(max_examples=200, deadline=None)
@given(
    junk=st.binary(max_size=200)
    | st.text("abdhlsv=;: rsa-256/x\r\n\t.@<>", max_size=120).map(lambda text: b"DKIM-Signature: " + text.encode())
    | st.tuples(
        *[st.sampled_from([b"1", b"rsa-sha256", b"", b"!", b"ed25519-sha256", b"eA==", b"from", b"x"])] * 7
    ).map(lambda v: b"DKIM-Signature: v=%s; a=%s; d=%s; s=%s; h=%s; bh=%s; b=%s\r\nFrom: a@example.org" % v)
)
def test_no_message_whatever_is_in_it_makes_the_judge_stumble(junk: bytes) -> None:
    result = judge(junk + b"\r\nSubject: x\r\n\r\nbody\r\n", ZoneNames({}))

    assert result.dkim != "pass"
    assert not result.passes


@settings(max_examples=200, deadline=None)
@given(spf=st.text("v=spf1 +-~?all:ai mxptr/%{d}.0123456789_include", max_size=60))
def test_no_spf_record_makes_the_judge_stumble(spf: str) -> None:
    names = read_zone(f'example.org. IN TXT "v=spf1 {spf}"', called="test")

    verdict = rehearse_auth(
        b"From: a@example.org\r\n\r\n", envelope_sender="a@example.org", helo="x", ip="192.0.2.1", names=names
    )

    assert verdict.spf.result in ("pass", "fail", "softfail", "neutral", "permerror", "temperror")
