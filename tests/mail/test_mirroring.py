"""What reads from the right is marked, so that plain class rules can mirror it."""

from __future__ import annotations

import pytest
from lxml import etree

from newsletter.mail.mirroring import mark_right_to_left


@pytest.mark.parametrize(
    ("html", "marked"),
    [
        ("<ul><li>a</li></ul>", {}),
        ('<div dir="rtl"><ul></ul><p></p></div>', {"div": "rtl from-right", "ul": "rtl"}),
        ('<div dir="rtl"><dd dir="ltr"><ul></ul></dd></div>', {"div": "rtl from-right", "dd": "from-left"}),
        ('<p dir="rtl"><b>a</b></p>', {"p": "from-right"}),
        ('<div dir="RTL" class="a"></div>', {"div": "a rtl from-right"}),
        ('<div dir="auto"><ol></ol></div>', {}),
        ('<span dir="rtl">a</span>', {}),
    ],
)
def test_the_nearest_direction_decides(html: str, marked: dict[str, str]) -> None:
    root = etree.fromstring(f"<html><body>{html}</body></html>", etree.HTMLParser())

    mark_right_to_left(root)

    assert {element.tag: element.get("class") for element in root.iter(etree.Element) if element.get("class")} == marked
