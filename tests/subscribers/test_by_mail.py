"""A message to the unsubscribe address ends a subscription; a quoted address does not."""

from __future__ import annotations

import pytest

from newsletter.subscribers.by_mail import token_in_message

TOKEN = "AbCdEfGhIjKlMnOpQrStUvWx-_"
TO = f"unsub+{TOKEN}@example.org"


@pytest.mark.parametrize(
    "head",
    [
        f"To: {TO}",
        f"To: <{TO}>",
        f'To: "Unsubscribe" <{TO}>, other@example.org',
        f"To: undisclosed:;\r\nDelivered-To: {TO}",
        f"X-Original-To: {TO}\r\nTo: news@example.org",
    ],
)
def test_token_is_read_from_the_address_the_message_went_to(head: str) -> None:
    assert token_in_message(f"From: a@example.org\r\n{head}\r\nSubject: unsubscribe\r\n\r\nbye".encode()) == TOKEN


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\xff\xfe\x00",
        b"To: news@example.org\r\n\r\nI got a mail to " + TO.encode(),
        b"Subject: " + TO.encode() + b"\r\n\r\n",
        b"To: unsub+short@example.org\r\n\r\n",
        b"To: " + b"a" * 200_000 + TO.encode(),
    ],
)
def test_anything_else_names_nobody(message: bytes) -> None:
    assert token_in_message(message) == ""
