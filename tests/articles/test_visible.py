from __future__ import annotations

import pytest

from newsletter.articles import visible_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>a</p><p>b</p>", "a b"),
        ("<b>a</b>b", "ab"),
        ("a<br>b<hr>c", "a b c"),
        ("<ul><li>a<li>b</ul>", "a b"),
        ("<table><tr><td>a<td>b</table>", "a b"),
        ("<h1>a</h1>b<section>c</section>d", "a b c d"),
        ("  a\n\t b&nbsp;c &amp; d ", "a b c & d"),
        ("x<sup>2</sup>", "x2"),
        ("<custom-part>a</custom-part>b", "ab"),
        ("<script>a()</script><style>b{}</style><title>c</title>d", "d"),
        ("<textarea>a</textarea><select><option>b</select><template>c</template>d", "d"),
        ("<p hidden>a</p><p style='color:red;display:none'>b</p>c", "c"),
        ('<img src="a.png" alt="a"> b', "b"),
        ("a <!-- b --> c", "a c"),
        ("", ""),
        ("<body><p>a</body></html>", "a"),
        ("ليل<bdi>نهار</bdi>", "ليلنهار"),
    ],
)
def test_only_words_a_reader_sees_count(html: str, text: str) -> None:
    assert visible_text(html) == text


def test_no_text_is_dropped_at_any_depth() -> None:
    html = "<div>" * 5_000 + "deep" + "</div>" * 5_000 + "<p>after</p>"

    assert visible_text(html) == "deep after"


def test_a_whole_mail_is_read_too() -> None:
    mail = (
        '<!DOCTYPE html><html lang="en"><head><title>Tides</title></head><body>'
        '<div style="display:none;max-height:0">Preheader</div>'
        '<table role="presentation"><tr><td>Tides</td></tr></table>'
        "</body></html>"
    )

    assert visible_text(mail) == "Tides"
