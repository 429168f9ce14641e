"""Whatever is thrown at them, the rules answer with findings that can be printed."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.feeds import has_illegal
from newsletter.preflight import CODES, check_article, check_mail, check_manuscript

PIECES = (
    "<p> </p> <h1> <h6> </h6> <a <a> <img <table> <th> <td> <style> </style> <script> <!-- --> <![CDATA[ ]]> <?x <html"
    " <body> </body> href= src= alt= lang= dir= style= srcset= onload= ' \" > < & &amp; &#0; &#xD800; http:// // , www."
    " @ : \x00 \r \n \ud800 \ufffe here {{ {% x"
)
TAGS = st.sampled_from(PIECES.split(" "))
RUBBISH = st.lists(TAGS | st.text(max_size=6), max_size=25).map(" ".join) | st.lists(TAGS, max_size=25).map("".join)
QUICK = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def assert_printable(findings):
    for finding in findings:
        assert finding.code in CODES
        for text in (finding.message, finding.advice):
            assert text.endswith(".")
            assert not has_illegal(text)
            assert "\n" not in text
            assert len(text) < 500


@QUICK
@given(body=RUBBISH, title=RUBBISH, text=RUBBISH)
def test_any_manuscript_is_judged(manuscript, masthead, body, title, text):
    rubbish = replace(manuscript, body_html=body, title=title, source_text=text, language=text, topics=(title, text))

    assert_printable(check_manuscript(replace(rubbish, summary=body, image=title), masthead=masthead))


@QUICK
@given(html=RUBBISH, text=RUBBISH, subject=RUBBISH, words=RUBBISH)
def test_any_mail_is_judged(masthead, html, text, subject, words):
    given = {"TOKEN": text[:5], "ADDRESS": "", "OTHER": "x"}

    assert_printable(check_mail(html, text, subject, article_words=words, masthead=masthead, placeholders=given))


@QUICK
@given(body=RUBBISH, other=RUBBISH)
def test_any_article_is_judged(article, now, body, other):
    rubbish = replace(article, body_html=body, title=other, uid=other, url=body, slug=body, language=other)

    assert_printable(check_article(rubbish, now=now))
