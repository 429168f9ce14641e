"""DKIM: other programs agree with our signatures, and with nothing that was changed afterwards."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.mail import (
    CompiledVariant,
    DkimKey,
    DkimKind,
    DkimSigner,
    EditionFacts,
    MessageError,
    compile_variant,
    new_dkim_key,
    read_dkim_key,
    sign_message,
)
from newsletter.mail.dkim import OVERSIGNED, canonical_body, written_names
from newsletter.model import Masthead, Recipient, Variant

Compose = Callable[..., Variant]
NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
PLAIN = (
    b"From: Ada <ada@example.org>\r\nTo: cleo@example.net\r\nSubject: Tides\r\n"
    b"Date: Wed, 25 Nov 2026 09:00:00 +0000\r\n"
    b"Message-ID: <1@example.org>\r\nContent-Type: text/plain\r\n\r\n.The tide\r\nturns.\r\n"
)


@pytest.fixture(scope="session")
def keys() -> tuple[DkimKey, DkimKey]:
    return (
        read_dkim_key(new_dkim_key(), selector="news"),
        read_dkim_key(new_dkim_key(DkimKind.ED25519), selector="news-e"),
    )


@pytest.fixture(scope="session")
def signer(keys: tuple[DkimKey, DkimKey]) -> DkimSigner:
    return DkimSigner(domain="example.org", keys=keys)


@pytest.fixture
def compiled(compose: Compose, facts: EditionFacts, masthead: Masthead, signer: DkimSigner) -> CompiledVariant:
    return compile_variant(compose(), facts, masthead=masthead, signer=signer)


def verdicts(message: bytes, signer: DkimSigner) -> list[bool]:
    """What dkimpy says of each signature, topmost first."""
    records = {f"{key.selector}._domainkey.{signer.domain}.".encode(): key.record.encode() for key in signer.keys}
    checked = dkim.DKIM(message)

    def verify(index: int) -> bool:
        try:
            return bool(checked.verify(index, dnsfunc=lambda name, timeout=5: records.get(name)))
        except dkim.DKIMException:
            return False

    return [verify(index) for index in range(message.lower().count(b"dkim-signature:"))]


def test_both_signatures_of_a_readers_message_hold(compiled: CompiledVariant, ada: Recipient, signer: DkimSigner):
    assert verdicts(compiled.fill(ada, now=NOW), signer) == [True, True]


def test_the_message_behind_the_signatures_is_the_one_without_them(
    compose: Compose, facts: EditionFacts, masthead: Masthead, ada: Recipient, signer: DkimSigner
):
    variant = compose()
    unsigned = compile_variant(variant, facts, masthead=masthead).fill(ada, now=NOW)

    signed = compile_variant(variant, facts, masthead=masthead, signer=signer).fill(ada, now=NOW)

    assert signed.endswith(unsigned)
    assert signed.count(b"DKIM-Signature:") == len(signer.keys)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(max_size=80), number=st.integers(0, 10**6))
def test_every_reader_gets_signatures_that_hold(
    compiled: CompiledVariant, ada: Recipient, signer: DkimSigner, name: str, number: int
):
    reader = replace(ada, name=name, uid=f"s{number}", address=f"r{number}@example.net")

    assert verdicts(compiled.fill(reader, now=NOW), signer) == [True, True]


def test_an_arabic_message_in_base64_is_signed_as_well(
    compose: Compose, facts: EditionFacts, masthead: Masthead, ada: Recipient, signer: DkimSigner
):
    variant = compose(title="خبر من الميناء", body_html="<p>" + "سفينة في الميناء القديم " * 60 + "</p>", language="ar")

    message = compile_variant(variant, facts, masthead=masthead, signer=signer).fill(ada, now=NOW)

    assert verdicts(message, signer) == [True, True]


def test_a_signature_breaks_with_any_signed_field(compiled: CompiledVariant, ada: Recipient, signer: DkimSigner):
    message = compiled.fill(ada, now=NOW)
    head, _, body = message.partition(b"\r\n\r\n")
    named = re.search(rb"h=([^;]+);", head)
    assert named is not None
    signed = {name.strip().lower() for name in named[1].replace(b"\r\n", b"").split(b":")}
    fields = re.findall(rb"(?:^|\r\n)(([^\s:]+):(?:[^\r\n]|\r\n[ \t])*)", head)

    holding = []
    for whole, name in fields:
        if name == b"DKIM-Signature":
            continue
        # The last visible octet of the value, so that no blank is taken for a change.
        changed = whole[:-1] + (b"x" if whole[-1:] != b"x" else b"y")
        if any(verdicts(head.replace(whole, changed, 1) + b"\r\n\r\n" + body, signer)):
            holding.append(name.lower())

    assert {name for _, name in fields if name.lower() in signed}
    assert sorted(holding) == [b"precedence", b"x-auto-response-suppress"]
    assert not signed & set(holding)


@pytest.mark.parametrize("place", [0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.999])
def test_a_signature_breaks_with_one_octet_of_the_body(
    compiled: CompiledVariant, ada: Recipient, signer: DkimSigner, place: float
):
    message = compiled.fill(ada, now=NOW)
    start = message.index(b"\r\n\r\n") + 4
    at = start + int((len(message) - start - 1) * place)
    at += message[at : at + 2] == b"\r\n"

    changed = message[:at] + bytes([message[at] ^ 1]) + message[at + 1 :]

    assert verdicts(changed, signer) == [False, False]


@pytest.mark.parametrize("name", OVERSIGNED)
def test_nobody_adds_a_second_field_that_is_oversigned(
    compiled: CompiledVariant, ada: Recipient, signer: DkimSigner, name: str
):
    message = compiled.fill(ada, now=NOW)

    assert verdicts(f"{name}: somebody else\r\n".encode() + message, signer) == [False, False]


def test_a_moved_unsubscribe_address_breaks_the_signature(
    compiled: CompiledVariant, ada: Recipient, signer: DkimSigner
):
    message = compiled.fill(ada, now=NOW)

    # RFC 8058 §4: both fields have to be covered.
    for field in (b"List-Unsubscribe: <https://news", b"List-Unsubscribe-Post: List"):
        assert field in message
        assert verdicts(message.replace(field, field[:-1] + b"X", 1), signer) == [False, False]


def test_the_same_message_at_the_same_hour_is_signed_alike(compiled: CompiledVariant, ada: Recipient):
    assert compiled.fill(ada, now=NOW) == compiled.fill(ada, now=NOW)


def test_lines_of_the_signature_fit_a_header(compiled: CompiledVariant, ada: Recipient):
    head = compiled.fill(ada, now=NOW).partition(b"To: ")[0]

    assert max(map(len, head.split(b"\r\n"))) <= 78
    assert b"l=" not in head
    assert b"t=1795597200" in head


def test_other_mail_is_signed_from_its_octets(signer: DkimSigner):
    assert verdicts(sign_message(PLAIN, signer, now=NOW), signer) == [True, True]


@pytest.mark.parametrize("ending", [b"", b"\r\n", b"\r\n\r\n\r\n", b" \r\n", b"\r\n.\r\n"])
def test_whatever_the_body_ends_in_the_signature_holds(signer: DkimSigner, ending: bytes):
    message = PLAIN.removesuffix(b"\r\n") + ending

    assert verdicts(sign_message(message, signer, now=NOW), signer) == [True, True]


def test_an_empty_body_is_one_line_end():
    assert canonical_body(b"") == b"\r\n"
    assert canonical_body(b"\r\n\r\n") == b"\r\n"


def test_without_a_signer_mail_stays_as_it_is():
    assert sign_message(PLAIN, None, now=NOW) == PLAIN


@pytest.mark.parametrize("message", [PLAIN.replace(b"From:", b"Form:"), b"Subject: one\r\n" + PLAIN])
def test_a_message_that_is_ambiguous_is_not_signed(signer: DkimSigner, message: bytes):
    with pytest.raises(MessageError, match="cannot be signed"):
        sign_message(message, signer, now=NOW)


def test_the_list_of_names_is_folded_between_them():
    assert "\r\n " in written_names(["Subject"] * 20)
    assert written_names(["From"]).startswith("From:From:To:")


def test_a_record_says_what_verifiers_need(keys: tuple[DkimKey, DkimKey]):
    long, short = keys

    assert long.record.startswith("v=DKIM1; k=rsa; p=MII")
    assert short.record.startswith("v=DKIM1; k=ed25519; p=")
    assert len(base64.b64decode(short.record.rpartition("p=")[2])) == 32
    assert (long.bits, short.bits) == (2048, 256)


def pem_of(private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, *, password: bytes = b"") -> bytes:
    lock = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)


# What `openssl genrsa 512` wrote: a length that this library makes no more.
TOO_SHORT = b"""-----BEGIN RSA PRIVATE KEY-----
MIIBOgIBAAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf9Cnzj4p4WGeKLs1Pt8Qu
KUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQJAIJLixBy2qpFoS4DSmoEm
o3qGy0t6z09AIJtH+5OeRV1be+N4cDYJKffGzDa88vQENZiRm0GRq6a+HPGQMd2k
TQIhAKMSvzIBnni7ot/OSie2TmJLY4SwTQAevXysE2RbFDYdAiEBCUEaRQnMnbp7
9mxDXDf6AU0cN/RPBjb9qSHDcWZHGzUCIG2Es59z8ugGrDY+pxLQnwfotadxd+Uy
v/Ow5T0q5gIJAiEAyS4RaI9YG8EWx/2w0T67ZUVAw8eOMB6BIUg0Xcu+3okCIBOs
/5OiPgoTdSy7bcF9IGpSE8ZgGKzgYQVZeN97YE00
-----END RSA PRIVATE KEY-----
"""


@pytest.mark.parametrize(
    ("pem", "sentence"),
    [
        (b"", "no private key"),
        (b"\x00" * 500, "no private key"),
        (TOO_SHORT, "bits"),
        (pem_of(ec.generate_private_key(ec.SECP256R1())), "neither RSA nor Ed25519"),
        (pem_of(rsa.generate_private_key(65_537, 2048), password=b"secret"), "has a password"),
    ],
    ids=["empty", "junk", "512 bits", "another curve", "locked"],
)
def test_what_cannot_sign_is_refused_with_a_sentence(pem: bytes, sentence: str):
    with pytest.raises(MessageError, match=sentence):
        read_dkim_key(pem, selector="news")
