"""An article's body on the page: what is changed in it, and what must never be."""

from __future__ import annotations

import lxml.html
import nh3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.pages import Frame
from newsletter.pages.body import page_body

# Pictures in a text are fetched when they come into sight.
LAZY = ' loading="lazy" decoding="async"'


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ('<a href="https://news.example.org/en/x/">x</a>', '<a href="/en/x/">x</a>'),
        ('<img src="https://news.example.org/media/a.png" alt="">', f'<img{LAZY} src="/media/a.png" alt="">'),
        ('<a href="https://news.example.organic/">x</a>', '<a href="https://news.example.organic/">x</a>'),
        ('<a href="https://other.example.com/?u=https://news.example.org/">x</a>',) * 2,
        ('<p>href="https://news.example.org/en/x/"</p>',) * 2,
        (
            '<img alt=\'src="https://news.example.org/x"\' src="/a.png">',
            f'<img{LAZY} alt=\'src="https://news.example.org/x"\' src="/a.png">',
        ),
        ('<img src="/a.png" loading="eager">',) * 2,
        ('<pre lang="en"><code>x</code></pre>', '<pre tabindex="0" lang="en"><code>x</code></pre>'),
        ("<p>&lt;table&gt; and &lt;pre&gt;</p>",) * 2,
        ('<img src="/a.png" alt="a <table> > b">', f'<img{LAZY} src="/a.png" alt="a <table> > b">'),
        ("<p>a < b and c > d</p>",) * 2,
    ],
)
def test_only_own_links_and_wide_elements_are_changed(frame: Frame, written: str, shown: str) -> None:
    assert page_body(written, frame=frame) == shown


def test_each_table_gets_a_box_that_scrolls_and_can_be_reached(frame: Frame) -> None:
    shown = page_body("<table><tr><td><table><tr><td>x</td></tr></table></td></tr></table>", frame=frame)

    boxes = lxml.html.fragment_fromstring(shown, create_parent=True).xpath(".//div[@class='scroll']")
    assert [box.get("tabindex") for box in boxes] == ["0", "0"]
    assert [box.getchildren()[0].tag for box in boxes] == ["table", "table"]


# The frame is immutable, so that one serves all examples.
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(alphabet=st.sampled_from("<>/\"'= abtimg#&;-\n\\"), max_size=60))
def test_body_of_any_shape_keeps_its_words(frame: Frame, text: str) -> None:
    body = nh3.clean(text)

    assert _words(page_body(body, frame=frame)) == _words(body)


@pytest.mark.parametrize("unit", ["<a ", "<table", "<p '", '<a href="', "<<", "<a b='c' "])
def test_long_broken_markup_takes_no_time(frame: Frame, unit: str) -> None:
    # Quadratic matching would need minutes for these; the suite's own timeout ends the test then.
    assert len(page_body(unit * 5_000, frame=frame)) >= len(unit) * 5_000


def _words(html: str) -> str:
    return str(lxml.html.fragment_fromstring(html, create_parent=True).text_content()) if html else ""
