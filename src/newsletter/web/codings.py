"""Which packed form of a file an asker takes (RFC 9110 §12.5.3)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

IDENTITY = "identity"

# Longer lists than any program sends are cut, so that nobody pays for reading them.
MAX_CHARACTERS = 500

_WEIGHT = re.compile(r"q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)", re.IGNORECASE)


def chosen_coding(fields: Iterable[str], offered: Sequence[str]) -> str:
    """The one of `offered` that the Accept-Encoding `fields` weigh most, or "identity".

    `offered` is in the order of our own preference, which decides between equal weights. An asker who
    refuses everything gets the plain bytes all the same: a feed that cannot be read is worse than one
    in a form that was not wished for, and §12.5.3 allows it. An entry nobody can read counts as absent.
    """
    weights = _weights(",".join(fields)[:MAX_CHARACTERS])
    others = weights.get("*", 0.0)
    best, most = IDENTITY, 0.0
    for coding in offered:
        weight = weights.get(coding, others)
        if weight > most:
            best, most = coding, weight
    # Identity is only better when it is named and weighs more: "gzip;q=0.5" alone still asks for gzip.
    return IDENTITY if weights.get(IDENTITY, 0.0) > most else best


def _weights(text: str) -> dict[str, float]:
    weights: dict[str, float] = {}
    for entry in text.lower().split(","):
        coding, separator, parameter = (part.strip() for part in entry.partition(";"))
        match = _WEIGHT.fullmatch(parameter)
        if not coding or (separator and match is None):
            continue
        # RFC 9110 §8.4.1.3: recipients treat "x-gzip" as "gzip".
        weights.setdefault(coding.removeprefix("x-"), float(match[1]) if match else 1.0)
    return weights
