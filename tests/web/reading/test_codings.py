"""Which packed form an asker gets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.web.codings import chosen_coding

OFFERED = ("br", "gzip")


@pytest.mark.parametrize(
    ("field", "coding"),
    [
        ("", "identity"),
        ("gzip", "gzip"),
        ("gzip, br", "br"),
        ("gzip, deflate, br, zstd", "br"),
        ("GZIP", "gzip"),
        ("x-gzip", "gzip"),
        ("br;q=0.5, gzip;q=0.8", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("br;q=0, gzip;q=0", "identity"),
        ("*", "br"),
        ("*;q=0", "identity"),
        ("*;q=0, gzip", "gzip"),
        ("identity", "identity"),
        ("identity;q=0", "identity"),
        ("identity, gzip;q=0.5", "identity"),
        ("identity;q=0.5, gzip", "gzip"),
        ("gzip;q=2", "identity"),
        ("gzip;q=x, br;q=0.1", "br"),
        ("gzip ; q=0.3", "gzip"),
        ("deflate", "identity"),
        (",,,gzip,,", "gzip"),
        ("gzip;q=0, gzip", "identity"),
    ],
)
def test_coding_is_chosen_as_rfc_9110_says(field: str, coding: str) -> None:
    assert chosen_coding([field], OFFERED) == coding


@given(st.lists(st.text(max_size=60), max_size=5))
def test_any_field_is_answered_with_something_there_is(fields: list[str]) -> None:
    assert chosen_coding(fields, OFFERED) in {*OFFERED, "identity"}


_CODINGS = st.sampled_from(["br", "gzip", "identity", "*", "deflate"])
_WEIGHTS = st.integers(0, 1000).map(lambda number: number / 1000)


@given(st.dictionaries(_CODINGS, _WEIGHTS, max_size=5), st.randoms())
def test_what_is_refused_is_never_sent_and_nothing_taken_weighs_less(weights: dict[str, float], order: object) -> None:
    entries = [f"{coding};q={weight:.3f}" for coding, weight in weights.items()]
    order.shuffle(entries)  # type: ignore[attr-defined]

    chosen = chosen_coding([", ".join(entries)], OFFERED)

    offered = {coding: weights.get(coding, weights.get("*", 0.0)) for coding in OFFERED}
    if chosen == "identity":
        assert max(offered.values()) <= weights.get("identity", 0.0) or max(offered.values()) == 0
    else:
        assert offered[chosen] == max(offered.values()) > 0
        assert weights.get("identity", 0.0) <= offered[chosen]


def test_list_without_end_is_cut() -> None:
    assert chosen_coding(["deflate," * 1_000_000 + "gzip"], OFFERED) == "identity"
