"""The articles that come with the project are what a newcomer reads first: they must be without fault."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsletter.articles import local_images, parse_article, prepare_image, to_text, visible_text
from newsletter.model import Manuscript, direction

FOLDER = Path(__file__).parents[2] / "articles"
NAMES = sorted(path.name for path in FOLDER.iterdir() if path.suffix in (".md", ".txt", ".html"))


def sample(name: str) -> Manuscript:
    return parse_article(
        (FOLDER / name).read_bytes(),
        path=f"articles/{name}",
        languages=("en", "fr", "ar"),
        default_language="en",
        time_zone="Europe/Paris",
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_is_read_without_any_finding(name: str) -> None:
    manuscript = sample(name)

    assert manuscript.findings == ()
    assert manuscript.language in ("en", "fr", "ar")
    assert {topic.lower() for topic in manuscript.topics} <= {"diplomacy", "harbour", "culture"}
    assert manuscript.date is not None
    assert datetime(2026, 11, 1, tzinfo=UTC) <= manuscript.date <= datetime(2026, 11, 24, tzinfo=UTC)
    assert visible_text(manuscript.body_html) == manuscript.source_text
    assert len(to_text(manuscript.body_html)) > 500


@pytest.mark.parametrize("name", NAMES)
def test_the_pictures_of_a_sample_are_beside_it(name: str) -> None:
    manuscript = sample(name)

    for reference in (*local_images(manuscript.body_html), *filter(None, [manuscript.image])):
        data = (FOLDER / reference).read_bytes()
        assert len(data) < 200_000
        assert prepare_image(data, name=reference).width == 1_200


def test_the_samples_show_every_language_and_format() -> None:
    manuscripts = [sample(name) for name in NAMES]

    assert {each.language for each in manuscripts} >= {"en", "fr", "ar"}
    assert {direction(each.language or "") for each in manuscripts} == {"ltr", "rtl"}
    assert {name.rsplit(".")[-1] for name in NAMES} >= {"md", "txt"}
