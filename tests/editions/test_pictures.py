"""Pictures lie beside the article, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from real_newsroom import MAREES, TIDES, Desk, picture

from newsletter.errors import ArticleError

SHOWN = f"{TIDES}\n![The quay](img/quay.png)\n"


def test_picture_is_published_by_its_hash_with_its_size(desk: Desk) -> None:
    picture(desk.folder / "articles/img/quay.png", size=(60, 40))
    file = desk.write("articles/tides.md", SHOWN)

    plan = desk.plan(file)
    desk.newsroom.publish(plan)

    path = plan.drafts[0].pictures[0].path
    assert f'src="https://news.example.org/{path}"' in plan.drafts[0].article.body_html
    assert 'width="60" height="40"' in plan.drafts[0].article.body_html
    assert (desk.folder / "site" / path).is_file()


def test_lead_image_is_the_articles_image(desk: Desk) -> None:
    picture(desk.folder / "articles/quay.png")
    text = TIDES.replace("---\n", "---\nimage: quay.png\nimage_alt: The quay at low tide\n", 1)

    image = desk.plan(desk.write("articles/tides.md", text)).drafts[0].article.image

    assert image is not None
    assert (image.alt, image.width, image.media_type) == ("The quay at low tide", 60, "image/png")


def test_picture_shared_by_two_articles_is_stored_once(desk: Desk) -> None:
    picture(desk.folder / "articles/img/quay.png")
    files = (
        desk.write("articles/tides.md", SHOWN),
        desk.write("articles/tides.fr.md", MAREES + "\n![Quai](img/quay.png)\n"),
    )

    desk.publish(*files)

    assert len(list((desk.folder / "site/media").iterdir())) == 1


def test_every_missing_picture_is_told_at_once(desk: Desk) -> None:
    file = desk.write("articles/tides.md", SHOWN.replace("---\n", "---\nimage: lead.png\n", 1))

    with pytest.raises(ArticleError) as caught:
        desk.plan(file)

    assert [fault.line for fault in caught.value.faults] == [2, 8]
    assert "no file lead.png beside the article" in str(caught.value)
    assert "no file img/quay.png beside the article" in str(caught.value)


@pytest.mark.parametrize("reference", ["../../secret.png", "/etc/hostname", "../../newsroom-2/secret.png"])
def test_picture_outside_the_newsroom_is_refused(desk: Desk, tmp_path: Path, reference: str) -> None:
    picture(tmp_path / "secret.png")
    picture(tmp_path / "newsroom-2" / "secret.png")
    file = desk.write("articles/tides.md", f"{TIDES}\n![Secret]({reference})\n")

    with pytest.raises(ArticleError, match="lies outside"):
        desk.plan(file)


def test_link_that_leads_out_of_the_newsroom_is_refused(desk: Desk, tmp_path: Path) -> None:
    picture(tmp_path / "secret.png")
    (desk.folder / "articles").mkdir()
    (desk.folder / "articles/near.png").symlink_to(tmp_path / "secret.png")
    file = desk.write("articles/tides.md", f"{TIDES}\n![Secret](near.png)\n")

    with pytest.raises(ArticleError, match="lies outside"):
        desk.plan(file)


def test_picture_beside_an_article_from_outside_may_not_lie_above_it(desk: Desk, tmp_path: Path) -> None:
    picture(tmp_path / "secret.png")
    file = tmp_path / "writer" / "tides.md"
    file.parent.mkdir()
    file.write_text(f"{TIDES}\n![Secret](../secret.png)\n", "utf-8")

    with pytest.raises(ArticleError, match="lies outside"):
        desk.plan(file)


@pytest.mark.parametrize("content", [b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\x89PNG\r\n\x1a\nbroken"])
def test_what_is_no_picture_gets_a_sentence(desk: Desk, content: bytes) -> None:
    (desk.folder / "articles/img").mkdir(parents=True)
    (desk.folder / "articles/img/quay.png").write_bytes(content)

    with pytest.raises(ArticleError, match=r"picture|SVG"):
        desk.plan(desk.write("articles/tides.md", SHOWN))


def test_folder_in_the_place_of_a_picture_gets_a_sentence(desk: Desk) -> None:
    (desk.folder / "articles/img/quay.png").mkdir(parents=True)

    with pytest.raises(ArticleError, match="no file"):
        desk.plan(desk.write("articles/tides.md", SHOWN))
