"""Signatures of requests to Amazon, against the examples of AWS's own test suite for Signature Version 4."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from newsletter.delivery.transports.sigv4 import Signer

NOW = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
SIGNER = Signer(
    access_key="AKIDEXAMPLE",
    secret_key="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    region="us-east-1",
    service="service",
)
SCOPE = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request"
UNRESERVED = "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}

VECTORS = {
    "get-vanilla": ("GET", "/", {}, b"", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    "post-vanilla": ("POST", "/", {}, b"", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    "get-utf8": ("GET", "/ሴ", {}, b"", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
    "get-unreserved": ("GET", UNRESERVED, {}, b"", "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"),
    "get-header-value-trim": (
        *("GET", "/", {"My-Header1": " value1", "My-Header2": ' "a   b   c"'}, b""),
        "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
    ),
    "post-header-key-sort": (
        *("POST", "/", {"My-Header1": "value1"}, b""),
        "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
    ),
    "post-x-www-form-urlencoded": (
        *("POST", "/", FORM, b"Param1=value1"),
        "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    ),
}


@pytest.mark.parametrize("name", VECTORS)
def test_a_published_example_gets_its_published_signature(name: str) -> None:
    method, path, fields, body, signature = VECTORS[name]
    headers = {"Host": "example.amazonaws.com", **fields}

    signed = SIGNER.sign(method, path, headers, body=body, now=NOW)

    names = ";".join(sorted(each.lower() for each in [*headers, "X-Amz-Date"]))
    assert signed["Authorization"] == f"{SCOPE}, SignedHeaders={names}, Signature={signature}"
    assert signed["X-Amz-Date"] == "20150830T123600Z"


def test_another_body_gets_another_signature() -> None:
    headers = {"Host": "example.amazonaws.com"}

    one, other = (SIGNER.sign("POST", "/", headers, body=body, now=NOW)["Authorization"] for body in (b"a", b"b"))

    assert one != other


def test_the_secret_is_not_shown() -> None:
    assert "wJalr" not in repr(SIGNER)
