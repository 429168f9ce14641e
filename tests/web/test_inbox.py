"""The dev inbox: everything in the outbox, shown and never obeyed."""

from __future__ import annotations

import os
import re
from email.message import EmailMessage
from typing import Any

import lxml.html
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.web import create_app
from newsletter.web.inbox.reading import read_message
from newsletter.web.inbox.showing import Scheme, shown_html

Browser = Any
Newsroom = Any
TOKEN = "AbCdEfGhIjKlMnOpQrStUvWx-_"
HTML = (
    '<html><head><meta name="color-scheme" content="light dark">'
    "<style>:root { color-scheme: light dark } @media screen and (prefers-color-scheme: dark) { p { color: red } }"
    "</style></head><body><p>Tides</p>"
    '<img src="https://news.example.org/media/abc.png" alt=""><img src="https://tracker.example.com/p.gif" alt="">'
    f'<a href="https://news.example.org/u/{TOKEN}">Unsubscribe</a></body></html>'
)


def _message(subject: str = "The tide tables are out", html: str = HTML) -> bytes:
    message = EmailMessage()
    message["From"] = "The Harbour Post <news@example.org>"
    message["To"] = "ada@example.org"
    message["Subject"] = subject
    message["Date"] = "Tue, 24 Nov 2026 09:00:00 +0000"
    message["List-Unsubscribe"] = f"<https://news.example.org/u/{TOKEN}>, <mailto:unsub@example.org>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content("Tides, as text")
    message.add_alternative(html, subtype="html")
    return message.as_bytes()


def _deliver(newsroom: Newsroom, source: bytes, name: str = "1764000000.M1P1.host", at: int = 0) -> str:
    folder = newsroom.outbox_folder / "new"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(source)
    moment = newsroom.now.timestamp() + at
    os.utime(folder / name, (moment, moment))
    return name.partition(":")[0]


def test_list_shows_newest_first_with_reader_subject_date_and_size(browser: Browser, newsroom: Newsroom) -> None:
    _deliver(newsroom, _message("Old"), "a", at=-60)
    _deliver(newsroom, _message("<b>New</b> – été"), "b")

    root = lxml.html.document_fromstring(browser.get("/dev/inbox/").text)

    assert [each.text_content() for each in root.xpath("//ul[@class='messages']//a")] == ["<b>New</b> – été", "Old"]
    assert root.xpath("//ul[@class='messages']//a/@href")[0] == "/dev/inbox/b/light/"
    assert "ada@example.org" in root.text_content()
    assert "2026-11-24 09:00:00 UTC" in root.text_content()
    assert re.search(r"1\.\d KB", root.text_content())


def test_message_that_gmail_would_clip_is_marked(browser: Browser, newsroom: Newsroom) -> None:
    # A line feed ends the part, so that the first is just within 102 KB and the second just over.
    _deliver(newsroom, _message("Small", "x" * (102 * 1024 - 1)), "a")
    _deliver(newsroom, _message("Large", "x" * 102 * 1024), "b")

    root = lxml.html.document_fromstring(browser.get("/dev/inbox/").text)

    items = [each.text_content() for each in root.xpath("//ul[@class='messages']/li")]
    assert ["Gmail would clip it" in each for each in sorted(items)] == [True, False]


def test_long_list_has_pages(browser: Browser, newsroom: Newsroom) -> None:
    for number in range(30):
        _deliver(newsroom, b"Subject: x\n\n", f"{number}", at=number)

    first, second = browser.get("/dev/inbox/").text, browser.get("/dev/inbox/?page=2").text

    assert (first.count("<li>"), second.count("<li>")) == (25, 5)
    assert "Page 1 of 2" in first
    for page in ("0", "-1", "99999999999", "x", "²"):
        assert browser.get("/dev/inbox/", params={"page": page}).status_code == 200


@pytest.mark.parametrize("folder", ["empty", "missing", "none"])
def test_empty_outbox_says_what_will_appear(browser: Browser, newsroom: Newsroom, folder: str) -> None:
    if folder == "empty":
        (newsroom.outbox_folder / "new").mkdir(parents=True)
    if folder == "none":
        newsroom.outbox_folder = None

    page = browser.get("/dev/inbox/")

    assert page.status_code == 200
    assert "0 messages" in page.text


def test_every_tab_shows_its_view(browser: Browser, newsroom: Newsroom) -> None:
    key = _deliver(newsroom, _message(), "1764000000.M1P1.host:2,S")

    def tab(name: str) -> str:
        response = browser.get(f"/dev/inbox/{key}/{name}/")
        assert response.status_code == 200
        return str(response.text)

    assert 'class="desk light" src="../frame/light"' in tab("light")
    assert 'class="desk dark" src="../frame/dark"' in tab("dark")
    assert 'class="phone light" src="../frame/light"' in tab("phone")
    assert 'class="phone dark" src="../frame/dark"' in tab("phone-dark")
    assert "Tides, as text" in tab("text")
    assert "List-Unsubscribe-Post" in tab("headers")
    assert "Content-Type: multipart/alternative" in tab("source")
    assert browser.get(f"/dev/inbox/{key}/").headers["location"] == "./light/"
    assert browser.get(f"/dev/inbox/{key}/other/").status_code == 404


def test_file_is_the_message_to_the_byte(browser: Browser, newsroom: Newsroom) -> None:
    source = _message().replace(b"\n", b"\r\n")
    key = _deliver(newsroom, source)

    response = browser.get(f"/dev/inbox/{key}/message.eml")

    assert response.content == source
    assert response.headers["content-disposition"] == 'attachment; filename="message.eml"'
    assert response.headers["content-type"] == "message/rfc822"


def test_button_posts_one_click_to_this_server(browser: Browser, newsroom: Newsroom) -> None:
    key = _deliver(newsroom, _message())
    root = lxml.html.document_fromstring(browser.get(f"/dev/inbox/{key}/light/").text)
    (form,) = root.xpath("//form")

    response = browser.post(form.get("action"), data=dict(form.fields))

    assert form.get("action") == f"/u/{TOKEN}"
    assert "You are unsubscribed" in response.text
    assert newsroom.readers.left == [(TOKEN, "one-click")]


@pytest.mark.parametrize(
    "header",
    [
        "<https://evil.example.com/u/x>",
        "<https://news.example.org.evil.example.com/u/x>",
        "<mailto:unsub@example.org>",
        "",
        "<https://news.example.org/other>",
    ],
)
def test_button_is_missing_where_the_link_is_not_ours(browser: Browser, newsroom: Newsroom, header: str) -> None:
    source = f"List-Unsubscribe: {header}\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\n\n".encode()

    assert "<form" not in browser.get(f"/dev/inbox/{_deliver(newsroom, source)}/light/").text


def test_frame_shows_pictures_and_links_of_this_server_only(browser: Browser, newsroom: Newsroom) -> None:
    response = browser.get(f"/dev/inbox/{_deliver(newsroom, _message())}/frame/light")

    assert 'src="/media/abc.png"' in response.text
    assert f'href="/u/{TOKEN}"' in response.text
    policy = response.headers["content-security-policy"]
    assert "img-src 'self' data:;" in policy
    assert "script-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert re.search(r"sandbox allow-popups allow-popups-to-escape-sandbox$", policy)


@pytest.mark.parametrize(
    ("scheme", "answer", "offered"),
    [(Scheme.DARK, "(min-width: 0)", "dark"), (Scheme.LIGHT, "(max-width: 0)", "light")],
)
def test_colours_are_decided_before_the_browser_is_asked(scheme: Scheme, answer: str, offered: str) -> None:
    shown = shown_html(HTML, scheme=scheme, base_url="https://news.example.org")

    assert f"@media screen and {answer} {{" in shown
    assert f"color-scheme: {offered} }}" in shown
    assert f'name="color-scheme" content="{offered}"' in shown
    assert "prefers-color-scheme" not in shown


def test_words_that_name_the_site_stay_as_they_are() -> None:
    html = "<p>See https://news.example.org/en/ and news.example.org</p><a href='https://news.example.organic/'>x</a>"

    assert html in shown_html(html, scheme=Scheme.LIGHT, base_url="https://news.example.org")


HOSTILE = [
    b"",
    b"\x00\xff\xfe",
    b'Subject: <script>alert(1)</script>\nTo: "><img src=x onerror=alert(1)>\n\nx',
    b"Subject: =?utf-8?b?!!!?=\nContent-Type: text/html; charset=nonsense\n\n<p>\xe9",
    b"Subject: =?nonsense?q?x?=\n\n",
    b"Content-Type: text/html\nContent-Transfer-Encoding: base64\n\n!!!not base64!!!",
    b'Content-Type: text/html; charset="utf-8\nSubject: x\n\nx',
    b"Content-Type: multipart/mixed\n\nno boundary",
    b'Content-Type: multipart/mixed; boundary=""\n\n--\n',
    b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(3000)),
    b"Content-Type: message/rfc822\n\n" * 500,
    b"From: " + b"a" * 100_000 + b"\n\n",
    b"X: y\n" * 5_000 + b"\n",
    b"Date: \xff\xff\nTo: =?utf-8?q?=00?=\n\n",
    b"Subject: x\n\n" + b"\xed\xa0\x80" * 10,
    b"\n\nno headers at all",
    b"Content-Type: text/html; charset=utf-16\n\nx",
    b"Content-Type: text/html; charset*=utf-8''%ff\n\nx",
    b"List-Unsubscribe: " + b"<" * 50_000 + b"\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\n\n",
]


@pytest.mark.parametrize("source", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_message_is_shown_as_text(browser: Browser, newsroom: Newsroom, source: bytes) -> None:
    key = _deliver(newsroom, source)

    pages = [browser.get("/dev/inbox/")]
    pages += [browser.get(f"/dev/inbox/{key}/{tab}/") for tab in ("light", "dark", "text", "headers", "source")]
    frame = browser.get(f"/dev/inbox/{key}/frame/dark")

    assert [page.status_code for page in [*pages, frame]] == [200] * 7
    for page in pages:
        root = lxml.html.document_fromstring(page.text)
        assert root.xpath("//script | //img | //*[@onerror]") == []


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                b"Subject: ", b"To: ", b"Content-Type: multipart/mixed; boundary=x\n", b"Content-Type: text/html\n",
                b"\n", b"--x\n", b"--x--\n", b"=?utf-8?q?=FF?=", b"=?", b"\r", b"\xff",
                b"Content-Transfer-Encoding: base64\n",
                b"Content-Transfer-Encoding: quoted-printable\n", b"charset=utf-7", b" ; ", b"\"", b"<p>", b"\x00",
            ]
        ),
        max_size=30,
    )
)  # fmt: skip
def test_anything_can_be_read(parts: list[bytes]) -> None:
    read = read_message(b"".join(parts))

    (read.subject + read.html + read.text + "".join(f"{n}{v}" for n, v in read.headers)).encode()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    key=st.sampled_from(
        ["..", "%2e%2e", "..%2f..%2fnewsletter.key", "new", "a%00", "*", "%2a", "~", "linked", "hidden"]
    )
)
def test_no_key_reaches_another_file(browser: Browser, newsroom: Newsroom, key: str) -> None:
    new = newsroom.outbox_folder / "new"
    new.mkdir(parents=True, exist_ok=True)
    (new / ".hidden").write_bytes(b"secret")
    if not (new / "linked").is_symlink():
        (new / "linked").symlink_to(newsroom.outbox_folder.parent / "newsletter.key")

    for path in (f"/dev/inbox/{key}/message.eml", f"/dev/inbox/{key}/source/"):
        response = browser.get(path)
        assert response.status_code in (400, 404)
        assert "secret" not in response.text


@pytest.mark.parametrize("path", ["/dev/inbox", "/dev/inbox/", "/dev/inbox/a/light/", "/dev/inbox/a/message.eml"])
def test_without_the_switch_there_is_no_inbox(browser: Browser, newsroom: Newsroom, path: str) -> None:
    _deliver(newsroom, _message(), "a")
    public = type(browser)(create_app(newsroom, dev_inbox=False), base_url="http://localhost", client=("127.0.0.1", 1))

    assert public.get(path).status_code == 404


@pytest.mark.parametrize(
    ("client", "headers"),
    [
        ("192.0.2.7", {}),
        ("testclient", {}),
        ("127.0.0.1", {"Host": "news.example.org"}),
        ("127.0.0.1", {"X-Forwarded-For": "192.0.2.7"}),
        ("127.0.0.1", {"Forwarded": "for=192.0.2.7"}),
        ("127.0.0.1", {"X-Real-IP": "192.0.2.7"}),
        ("127.0.0.1", {"Via": "1.1 proxy"}),
    ],
)
@pytest.mark.parametrize(
    "path", ["/dev/inbox/", "/dev/inbox/a/light/", "/dev/inbox/a/frame/light", "/dev/inbox/a/message.eml"]
)
def test_nobody_else_reads_the_inbox(
    browser: Browser, newsroom: Newsroom, client: str, headers: dict[str, str], path: str
) -> None:
    _deliver(newsroom, _message(), "a")
    other = type(browser)(create_app(newsroom, dev_inbox=True), base_url="http://localhost", client=(client, 1))

    response = other.get(path, headers=headers)

    assert response.status_code == 404
    assert "ada@example.org" not in response.text


def test_inbox_writes_nothing(browser: Browser, newsroom: Newsroom) -> None:
    key = _deliver(newsroom, _message())
    before = sorted(each.name for each in newsroom.outbox_folder.rglob("*"))

    for path in ("/dev/inbox/", f"/dev/inbox/{key}/light/", f"/dev/inbox/{key}/message.eml"):
        browser.get(path)
        assert browser.post(path).status_code == 405

    assert sorted(each.name for each in newsroom.outbox_folder.rglob("*")) == before
    assert newsroom.readers.left == []
