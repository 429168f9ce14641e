from __future__ import annotations

import pytest

from newsletter.articles import right_to_left


@pytest.mark.parametrize("language", ["ar", "he", "fa", "ar-ma"])
def test_a_right_to_left_body_says_so_where_readers_keep_it(language: str) -> None:
    assert right_to_left("<p>ليل</p>", language) == f'<div dir="rtl" lang="{language}"><p>ليل</p></div>'


def test_other_bodies_stay_as_they_are() -> None:
    assert right_to_left("<p>x</p>", "fr") == "<p>x</p>"
