"""Attacks that reached other newsletters' mails, each in every field an author or a feed can fill."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from email.message import EmailMessage

import pytest
from lxml import etree

from newsletter.mail import EditionFacts, compile_variant, header_names
from newsletter.model import Article, Image, Masthead, Recipient, Topic, Variant

Compose = Callable[..., Variant]
Read = Callable[[bytes], EmailMessage]

PAYLOADS = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//example.com></ScRiPt>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<body onload=alert(1)>",
    "<iframe src=javascript:alert(1)>",
    '"><script>alert(1)</script>',
    "'><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "--><script>alert(1)</script>",
    "<![endif]--><script>alert(1)</script>",
    "<!--[if mso]><script>alert(1)</script><![endif]-->",
    "<!--[if !mso]><!--><script>alert(1)</script><!--<![endif]-->",
    '<a href="javascript:alert(1)">x</a>',
    '<a href="java\tscript:alert(1)">x</a>',
    '<a href=" javascript:alert(1)">x</a>',
    '<a href="JaVaScRiPt:alert(1)">x</a>',
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    '<a href="vbscript:alert(1)">x</a>',
    '<a href="&#106;avascript:alert(1)">x</a>',
    "<math><mtext></mtext><script>1</script>",
    "<object data=javascript:alert(1)>",
    "<embed src=javascript:alert(1)>",
    "<form action=javascript:alert(1)><button>",
    "<input autofocus onfocus=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<video src=x onerror=alert(1)>",
    "<audio src=x onerror=alert(1)>",
    "<marquee onstart=alert(1)>",
    "<base href=//example.com>",
    "<link rel=stylesheet href=//x>",
    "<meta http-equiv=refresh content=0;url=//example.com>",
    "<style>@import '//example.com';</style>",
    '<p style="background:url(javascript:alert(1))">',
    '<p style="width:expression(alert(1))">',
    "<xss onclick=alert(1)>",
    "<template><script>alert(1)</script></template>",
    '<noscript><p title="</noscript><script>alert(1)</script>">',
    "<table background=javascript:alert(1)>",
    "<isindex onfocus=alert(1)>",
    "<frameset onload=alert(1)>",
    "<applet code=x>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "\u003cscript\u003ealert(1)\u003c/script\u003e",
    "<scr\0ipt>alert(1)</script>",
    "<<script>alert(1)//<</script>",
    "<script\n>alert(1)</script\n>",
    "<img src=`x` onerror=`alert(1)`>",
    "{{ 7*7 }}",
    "{% raw %}<script>",
    "${7*7}",
    "<%= 7*7 %>",
    "#{7*7}",
    "{{ ''.__class__ }}",
    "<textarea><script>alert(1)</script>",
    "<xmp><script>alert(1)</script></xmp>",
    "<select><script>alert(1)</script>",
    "\u2028<script>alert(1)</script>",
    "<a href=https://example.org onclick=alert(1)>x</a>",
    "<p><p><p></div></td></table><script>alert(1)</script>",
]


def active_parts(html: str) -> list[str]:
    root = etree.fromstring(html, etree.HTMLParser(huge_tree=True))
    found = [
        str(element.tag) for element in root.iter("script", "iframe", "object", "embed", "svg", "form", "base", "link")
    ]
    for element in root.iter(etree.Element):
        for name, value in element.attrib.items():
            if str(name).startswith("on") or name in ("background", "action", "formaction"):
                found.append(str(name))
            if name in ("href", "src") and not str(value).startswith(("https://", "mailto:")):
                found.append(str(value))
    return found + [style.text or "" for style in root.iterfind("body//style")]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_s1_no_field_of_an_article_brings_anything_active_into_the_mail(
    payload: str,
    compose: Compose,
    article: Article,
    facts: EditionFacts,
    masthead: Masthead,
    ada: Recipient,
    now: datetime,
    read: Read,
) -> None:
    line = payload.replace("\n", " ").replace("\0", "").replace("\u2028", "")
    hostile = replace(
        article,
        title=line,
        summary=payload,
        author=payload,
        body_html=f"<p>before</p>{payload}<p>after</p>",
        topics=(Topic(slug="x", names={"en": payload}),),
        image=Image(
            url="https://news.example.org/a.png", alt=payload, width=600, height=300, media_type="image/png", size=1
        ),
    )
    raw = compile_variant(compose(hostile), facts, masthead=masthead).fill(replace(ada, name=payload), now=now)

    html = list(read(raw).iter_parts())[1].get_content()
    assert active_parts(html) == []
    assert "Unsubscribe" in html
    assert len(header_names(raw)) == 21


def test_the_detector_sees_what_it_should() -> None:
    assert active_parts("<p onclick=x><script>1</script><a href='javascript:x'>") == [
        "script",
        "onclick",
        "javascript:x",
    ]


def test_s3_template_signs_arrive_as_written(compose: Compose) -> None:
    variant = compose(title="{{ 7*7 }} {% x %}", body_html="<p>{{ 7*7 }}</p>", summary="{# c #}")

    assert variant.subject == "{{ 7*7 }} {% x %}"
    assert "<p" in variant.html
    assert ">{{ 7*7 }}</p>" in variant.html
    assert "{# c #}" in variant.html


@pytest.mark.parametrize(
    "ending",
    [
        "\r\n.\r\n",
        "\n.\n",
        "\r.\r",
        "\n.\r\n",
        "\r\n.\n",
        "\r\n.\r",
        "\r.\r\n",
        "\n.\r",
        "\0\r\n.\r\n",
        ".\r\n",
        "\n\n.\n\n",
        "\x85.\x85",
    ],
)
def test_s24_no_end_of_data_hides_in_a_message(
    ending: str,
    compose: Compose,
    article: Article,
    facts: EditionFacts,
    masthead: Masthead,
    ada: Recipient,
    now: datetime,
) -> None:
    smuggled = f"a{ending}MAIL FROM:<v@example.com>{ending}"
    variant = compose(replace(article, summary=smuggled, body_html=f"<pre>{smuggled}</pre>"))
    variant = replace(variant, text=smuggled + variant.text)

    raw = compile_variant(variant, facts, masthead=masthead).fill(replace(ada, name=smuggled), now=now)

    assert b"\r\n." not in raw
    assert raw.count(b"\r") == raw.count(b"\n") == raw.count(b"\r\n")
    assert b"\0" not in raw


def test_dressing_an_edition_opens_no_connection(compose: Compose, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *where, **_: asked.append(where))
    monkeypatch.setattr(socket.socket, "connect", lambda _, where: asked.append(where))

    compose(
        body_html='<link rel="stylesheet" href="https://example.com/x.css"><style>@import "https://example.com";</style>'
        '<img src="https://example.com/a.png"><p style="background:url(https://example.com/b.png)">x</p>'
    )

    assert asked == []


def test_many_threads_dress_editions_at_once(compose: Compose) -> None:
    done: list[str] = []

    def dress(number: int) -> None:
        done.append(compose(title=f"Tide {number}").subject)

    threads = [threading.Thread(target=dress, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(done) == [f"Tide {number}" for number in range(6)]
