"""What the bounce tests share: reports as servers write them, and the tokens that stand in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from newsletter.delivery.bounces import Report, read_report

SAMPLES = Path(__file__).parent / "samples"


@pytest.fixture
def bounce_token() -> str:
    return "abcdefghijklmnopqrstuvwxyz234567abcdefg"


@pytest.fixture
def leaving_token() -> str:
    return "AbCdEfGhIjKlMnOpQrStUvWx-_"


@pytest.fixture
def sample() -> Callable[[str], bytes]:
    """The octets of a report in samples/, with the line ends of the wire."""

    def octets(name: str) -> bytes:
        return (SAMPLES / f"{name}.eml").read_bytes().replace(b"\n", b"\r\n")

    return octets


@pytest.fixture
def read(sample: Callable[[str], bytes]) -> Callable[[str], Report]:
    return lambda name: read_report(sample(name))
