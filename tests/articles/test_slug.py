from __future__ import annotations

from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.articles import slugify


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("The tide tables are out", "the-tide-tables-are-out"),
        ("L’œuvre d’été, à Noël", "l-oeuvre-d-ete-a-noel"),
        ("Harbour’s end: don't go", "harbours-end-dont-go"),
        ("Straße nach Łódź & Ærø", "strasse-nach-lodz-aero"),
        ("ǿ ǽ İstanbul ı", "o-ae-istanbul-i"),
        ("ضوءُ الشتــاء فوقَ الميناء", "ضوء-الشتاء-فوق-الميناء"),
        ("冬の光 2026", "冬の光-2026"),
        ("हिन्दी समाचार", "हिन्दी-समाचार"),
        ("Ночной порт", "ночной-порт"),
        ("a/../b?c#d%2e", "a-b-c-d-2e"),
        ("--- !!! ---", "article"),
        ("", "article"),
        ("🚢⚓", "article"),
        ("ﬁne ＡＢＣ", "fine-abc"),
    ],
)
def test_a_title_becomes_the_part_of_an_address_people_read(title: str, slug: str) -> None:
    assert slugify(title) == slug


def test_a_long_title_is_cut_between_words() -> None:
    slug = slugify("tide " * 40)

    assert slug == "-".join(["tide"] * 16)
    assert slugify("x" * 200) == "x" * 80
    assert slugify("x" * 79 + " yes") == "x" * 79


@given(st.text())
def test_a_slug_is_its_own_slug(title: str) -> None:
    slug = slugify(title)

    assert slugify(slug) == slug
    assert 1 <= len(slug) <= 80
    assert not set(slug) & set("/\\?#% .:\"'<>\n\x00")
    assert unquote(quote(slug)) == slug
