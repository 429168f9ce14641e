"""The two lists of former addresses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.site.forwarding import gone_file, read_forwarding, redirects_file

_SLUGS = st.text(st.characters(exclude_categories=("Cc", "Cs", "Z"), exclude_characters="/"), min_size=1, max_size=20)
_ADDRESSES = st.tuples(st.sampled_from(["en", "fr", "ar"]), _SLUGS).map("/".join)


@given(st.dictionaries(_ADDRESSES, _ADDRESSES, max_size=5), st.sets(_ADDRESSES, max_size=5))
def test_what_is_written_is_read_back(moved: dict[str, str], gone: set[str]) -> None:
    forwarding = read_forwarding(redirects_file(moved), gone_file(gone))

    assert forwarding.moved == moved
    assert all(forwarding.is_gone(address) for address in gone)
    assert not forwarding.is_gone("en/standing") or "en/standing" in gone


def test_redirects_are_in_the_form_static_hosts_read() -> None:
    assert redirects_file({"en/old": "ar/مد"}) == b"/en/old/ /ar/%D9%85%D8%AF/ 301\n"


def test_withdrawn_addresses_leave_no_words() -> None:
    assert b"secret" not in gone_file(["en/secret"])


@pytest.mark.parametrize(
    "line",
    [
        b"/en/old/ https://evil.example.com/ 301",
        b"/en/old/ //evil.example.com/x/ 301",
        b"/en/old/ /en/new/ 302",
        b"/en/old/ /en/new/",
        b"/* /index.html 200",
        b"\xff\xfe",
    ],
)
def test_line_of_another_form_is_passed_over(line: bytes) -> None:
    assert read_forwarding(line, b"").moved == {}
