"""Short words to one reader."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lxml.html import HtmlElement

from newsletter.model import Masthead
from newsletter.pages import Form, Frame, PageText, make_frame, message_page, moved_page, not_found_page

Tree = Callable[[bytes], HtmlElement]


def test_form_posts_with_one_button_and_nothing_else(templates: Mapping[str, str], frame: Frame, tree: Tree) -> None:
    text = PageText(title="Leave?", paragraphs=("One.", "Two."), form=Form(action="/u/abc", button="Leave"))

    root = tree(message_page(templates, text, frame=frame))

    (form,) = root.xpath("//form")
    assert (form.get("method"), form.get("action")) == ("post", "/u/abc")
    assert [each.tag for each in form] == ["button"]
    assert root.xpath("//main/p[not(@class)]/text()") == ["One.", "Two."]


def test_message_stays_out_of_search_and_offers_no_feed_box(
    templates: Mapping[str, str], frame: Frame, tree: Tree
) -> None:
    root = tree(message_page(templates, PageText(title="Gone"), frame=frame))

    assert root.xpath("//meta[@name='robots']/@content") == ["noindex"]
    assert root.xpath("//section[@class='subscribe']") == []


def test_message_text_is_never_markup(templates: Mapping[str, str], frame: Frame, tree: Tree) -> None:
    text = PageText(title="<b>t</b>", paragraphs=("<script>x</script>",), form=Form(action='"><i>', button="<i>"))

    root = tree(message_page(templates, text, frame=frame))

    assert root.xpath("//b | //script | //i") == []


def test_not_found_page_speaks_the_frames_language(
    templates: Mapping[str, str], masthead: Masthead, tree: Tree
) -> None:
    root = tree(not_found_page(templates, frame=make_frame(masthead, "ar")))

    assert root.xpath("//h1/text()") == ["هذه الصفحة غير موجودة"]


def test_moved_page_leads_on_by_refresh_link_and_canonical(
    templates: Mapping[str, str], frame: Frame, tree: Tree
) -> None:
    root = tree(moved_page(templates, "https://news.example.org/en/new-slug/", frame=frame))

    assert root.xpath("//meta[@http-equiv='refresh']/@content") == ["0; url=/en/new-slug/"]
    assert root.xpath("//link[@rel='canonical']/@href") == ["https://news.example.org/en/new-slug/"]
    assert root.xpath("//main//a/@href")[0] == "/en/new-slug/"
