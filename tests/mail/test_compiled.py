"""A compiled variant: each reader's bytes are exactly what was meant, and cost a join."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import parseaddr
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.mail import CompiledVariant, EditionFacts, MessageError, compile_variant, header_names
from newsletter.model import Article, EditionKind, Envelope, Mailbox, Masthead, Recipient, Variant

Compose = Callable[..., Variant]
Read = Callable[[bytes], EmailMessage]

FIELDS = [
    "To",
    "Date",
    "Message-ID",
    "List-Unsubscribe",
    "From",
    "Subject",
    "List-ID",
    "List-Unsubscribe-Post",
    "List-Archive",
    "List-Help",
    "List-Subscribe",
    "List-Owner",
    "List-Post",
    "Archived-At",
    "X-Article-UID",
    "Feedback-ID",
    "Precedence",
    "X-Auto-Response-Suppress",
    "MIME-Version",
    "Content-Language",
    "Content-Type",
]

# The Arabic article is long enough for base64; the two ways of encoding take every test.
BODIES = {"en": "<p>Tides &amp; times.</p>", "ar": "<p>" + "يتغير الضوء في الميناء. " * 400 + "</p>"}


def personal(variant: Variant) -> Variant:
    """The variant with the reader's name in every context a theme may put it."""
    name = variant.placeholders.get("NAME", "PNAME00000000000000X")
    html = variant.html.replace(
        "</body>", f'<p title="{name}">Hello {name}, <a href="https://example.org/?n={name}">x</a></p></body>'
    )
    placeholders = {**variant.placeholders, "NAME": name}
    return replace(variant, html=html, text=variant.text + f"Hello {name},\n", placeholders=placeholders)


def parts_of(message: EmailMessage) -> tuple[str, str]:
    text, html = message.iter_parts()
    assert isinstance(text, EmailMessage)
    assert isinstance(html, EmailMessage)
    # On the wire every line ends in CRLF.
    return text.get_content().replace("\r\n", "\n"), html.get_content().replace("\r\n", "\n")


@pytest.fixture(params=["en", "ar"])
def variant(request: pytest.FixtureRequest, compose: Compose) -> Variant:
    return compose(language=request.param, body_html=BODIES[request.param])


def filled(variant: Variant, recipient: Recipient) -> tuple[str, str]:
    values = {"TOKEN": recipient.token, "ADDRESS": recipient.address, "PREFERENCES": recipient.preferences}
    text, html = variant.text, variant.html
    for name, value in values.items():
        mark = variant.placeholders[name]
        text, html = text.replace(mark, value), html.replace(mark, value)
    return text, html


def test_r2_a_message_has_exactly_the_intended_fields(
    compiled: CompiledVariant, ada: Recipient, now: datetime, read: Read
) -> None:
    message = compiled.fill(ada, now=now)

    assert header_names(message) == FIELDS == read(message).keys()
    assert read(message)["Date"].datetime == now
    assert read(message)["X-Article-UID"] == "tag:x"


def test_the_parts_decode_to_the_frozen_words(
    variant: Variant, facts: EditionFacts, masthead: Masthead, ada: Recipient, now: datetime, read: Read
) -> None:
    message = read(compile_variant(variant, facts, masthead=masthead).fill(ada, now=now))

    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert parts_of(message) == filled(variant, ada)
    assert not [part.defects for part in message.walk() if part.defects]


def test_r6_mostly_arabic_parts_are_base64_and_others_stay_readable(
    compose: Compose, facts: EditionFacts, masthead: Masthead, ada: Recipient, now: datetime
) -> None:
    sizes = {}
    for language, html in BODIES.items():
        variant = compose(language=language, body_html=html)
        message = compile_variant(variant, facts, masthead=masthead).fill(ada, now=now)
        sizes[language] = len(message) / len((variant.html + variant.text).encode())
        assert (b"base64" in message) == (language == "ar")

    # Quoted-printable alone would triple the Arabic.
    assert max(sizes.values()) < 1.7


def test_r1_the_bytes_are_clean(
    variant: Variant, facts: EditionFacts, masthead: Masthead, ada: Recipient, now: datetime
) -> None:
    message = compile_variant(variant, facts, masthead=masthead).fill(ada, now=now)

    assert message.isascii()
    assert b"\0" not in message
    assert message.count(b"\r") == message.count(b"\n") == message.count(b"\r\n")
    head, _, body = message.partition(b"\r\n\r\n")
    assert all(len(line) <= 76 for line in body.split(b"\r\n"))
    assert all(len(line) <= 998 for line in head.split(b"\r\n"))
    assert not re.search(rb"(?m)^\.|^From ", message)
    assert message.endswith(b"--\r\n")


def test_r7_the_boundary_is_in_no_part_and_comes_from_the_edition(
    compiled: CompiledVariant,
    compose: Compose,
    facts: EditionFacts,
    masthead: Masthead,
    ada: Recipient,
    now: datetime,
    read: Read,
) -> None:
    message = compiled.fill(ada, now=now)
    boundary = read(message).get_boundary()

    assert boundary is not None
    assert boundary.startswith("=_")
    assert message.count(boundary.encode()) == 4
    other = compile_variant(compose(), replace(facts, uid="e2"), masthead=masthead)
    assert read(other.fill(ada, now=now)).get_boundary() != boundary


def test_l2_one_click_stands_literally_and_first(compiled: CompiledVariant, ada: Recipient, now: datetime) -> None:
    message = compiled.fill(ada, now=now)

    assert (
        b"\r\nList-Unsubscribe: <https://news.example.org/u/AbCdEfGhIjKlMnOpQrStUvWx-_>,\r\n"
        b" <mailto:unsub+AbCdEfGhIjKlMnOpQrStUvWx-_@example.org?subject=unsubscribe>\r\n"
    ) in message
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in message


def test_the_list_introduces_itself(compiled: CompiledVariant, ada: Recipient, now: datetime, read: Read) -> None:
    message = read(compiled.fill(ada, now=now))

    assert message["List-ID"] == "The Harbour Post <harbour-post.news.example.org>"
    assert message["List-Post"] == "NO"
    assert message["List-Owner"] == "<mailto:owner@example.org>"
    assert message["Archived-At"] == "<https://news.example.org/editions/e1/>"
    assert message["Feedback-ID"] == "e1:harbour-post:single:harbour-post"
    assert message["Precedence"] == "bulk"
    assert message["Content-Language"] == "en"
    assert "Return-Path" not in message


@pytest.mark.parametrize(
    ("slug", "sender"), [("post", None), ("a-very-long-newsroom-slug", None), ("harbour", "harbour")]
)
def test_l9_the_sender_id_has_five_to_fifteen_letters(
    compose: Compose,
    facts: EditionFacts,
    masthead: Masthead,
    ada: Recipient,
    now: datetime,
    read: Read,
    slug: str,
    sender: str | None,
) -> None:
    head = replace(masthead, slug=slug)
    fields = str(read(compile_variant(compose(), facts, masthead=head).fill(ada, now=now))["Feedback-ID"]).split(":")

    assert len(fields) == 4
    assert 5 <= len(fields[3]) <= 15
    assert sender in (None, fields[3])


def test_r3_the_message_id_is_the_readers_and_never_changes(
    compiled: CompiledVariant, ada: Recipient, now: datetime, read: Read
) -> None:
    first, again = compiled.fill(ada, now=now), compiled.fill(ada, now=now + timedelta(days=1))
    ben = replace(ada, uid="s2")

    assert read(first)["Message-ID"] == read(again)["Message-ID"] == compiled.message_id(ada)
    assert re.fullmatch(r"<e1\.[0-9a-f]{24}@example\.org>", compiled.message_id(ada))
    assert compiled.message_id(ben) != compiled.message_id(ada)
    assert first.replace(b"Tue, 24", b"Wed, 25") == again


def test_l11_the_envelope_names_the_delivery_and_no_display_name(compiled: CompiledVariant, ada: Recipient) -> None:
    assert compiled.envelope(ada, "B0unce_token-12") == Envelope(
        sender="b+B0unce_token-12@example.org", recipient="ada@example.org"
    )
    assert (
        compiled.envelope(replace(ada, address="ada@bücher.example"), "B0unce_token-12").recipient
        == "ada@xn--bcher-kva.example"
    )
    for bad in ("", "a b", "x\r\n", "a@b", "x" * 70):
        with pytest.raises(MessageError, match="bounce token"):
            compiled.envelope(ada, bad)


def test_reply_to_and_sets_follow_the_facts(
    compose: Compose, facts: EditionFacts, masthead: Masthead, ada: Recipient, now: datetime, read: Read
) -> None:
    head = replace(masthead, reply_to="editors@example.org")
    both = replace(facts, kind=EditionKind.SET, article_uids=("a", "b"))
    message = read(compile_variant(compose(), both, masthead=head).fill(ada, now=now))

    assert message["Reply-To"] == "editors@example.org"
    assert message["List-Help"] == "<mailto:editors@example.org?subject=help>"
    assert "X-Article-UID" not in message


NAMES = st.text(max_size=40) | st.sampled_from(
    [
        "<script>alert(1)</script>",
        "Ada\r\nBcc: v@example.com",
        "\u202egnp.exe",
        '"; x="',
        "=?utf-8?q?=0ABcc:_v?=",
        ".\r\n.",
        "{{ 7*7 }}",
        "é" * 60,
    ]
)


@pytest.fixture
def greeting(compose: Compose, facts: EditionFacts, masthead: Masthead) -> CompiledVariant:
    return compile_variant(personal(compose()), facts, masthead=masthead)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=NAMES)
def test_whatever_a_readers_name_is_it_stays_a_name(
    greeting: CompiledVariant, ada: Recipient, now: datetime, read: Read, name: str
) -> None:
    raw = greeting.fill(replace(ada, name=name), now=now)

    text, html = parts_of(read(raw))
    shown = re.search(
        r'<p title="(.*?)">Hello <bdi>(.*?)</bdi>, <a href="https://example\.org/\?n=(.*?)">x</a></p>', html
    )
    assert header_names(raw) == FIELDS
    assert parseaddr(str(read(raw)["To"]))[1] == "ada@example.org"
    assert shown is not None
    assert not re.search('[<>"\u202a-\u202e\u2066-\u2069]', "".join(shown.groups()))
    assert not any(mark in html + text for mark in greeting.marks)
    assert re.search(r"\nHello [^\n]+,\n\Z", text)


@pytest.mark.parametrize(
    ("language", "greeting"), [("en", "Hello dear reader,"), ("fr", "Hello à vous,"), ("ar", "Hello قارئنا العزيز,")]
)
@pytest.mark.parametrize("name", ["", "  ", "\u202e\u2069", "\0"])
def test_p4_an_empty_name_takes_the_fallback_in_the_readers_language(
    compose: Compose,
    facts: EditionFacts,
    masthead: Masthead,
    ada: Recipient,
    now: datetime,
    read: Read,
    name: str,
    language: str,
    greeting: str,
) -> None:
    variant = personal(compose(furniture=language))
    text, _ = parts_of(read(compile_variant(variant, facts, masthead=masthead).fill(replace(ada, name=name), now=now)))

    assert text.endswith(f"\n{greeting}\n")


def test_a_readers_name_cannot_be_a_placeholder(
    compose: Compose, facts: EditionFacts, masthead: Masthead, ada: Recipient, now: datetime
) -> None:
    variant = compose()
    compiled = compile_variant(variant, facts, masthead=masthead)

    with pytest.raises(MessageError, match=r"Edition e1, subscriber s1: .*looks like a placeholder"):
        compiled.fill(replace(ada, name=variant.placeholders["TOKEN"]), now=now)


@pytest.mark.parametrize(
    "token", ["", "short", "a b" * 9, "x" * 70, "AbCdEfGhIjKlMnOpQrStUvWx/+", "x\r\ny" * 8, "../" * 9]
)
def test_a_malformed_token_is_refused(compiled: CompiledVariant, ada: Recipient, now: datetime, token: str) -> None:
    with pytest.raises(MessageError, match="unsubscribe token is malformed") as refusal:
        compiled.fill(replace(ada, token=token), now=now)
    assert len(token) < 3 or token not in str(refusal.value)


@pytest.mark.parametrize("address", ["élise@example.org", "ada@example.org\r\nRCPT TO:<v@example.com>", ""])
def test_an_address_that_cannot_be_used_names_the_subscriber_and_no_address(
    compiled: CompiledVariant, ada: Recipient, now: datetime, address: str
) -> None:
    with pytest.raises(MessageError, match=r"^Edition e1, subscriber s1: The address") as refusal:
        compiled.fill(replace(ada, address=address), now=now)
    assert not address or address not in str(refusal.value)


def test_h9_a_page_that_would_be_clipped_is_not_sent(
    compose: Compose, facts: EditionFacts, masthead: Masthead, ada: Recipient, now: datetime
) -> None:
    variant = compose()
    spare = 100_000 - len(filled(variant, ada)[1].encode())

    def grown(octets: int) -> CompiledVariant:
        return compile_variant(
            replace(variant, html=variant.html.replace("</body>", "x" * octets + "</body>")), facts, masthead=masthead
        )

    assert grown(spare).fill(ada, now=now)
    with pytest.raises(MessageError, match=r"Edition e1, subscriber s1: .* 100,001 octets and would be clipped"):
        grown(spare + 1).fill(ada, now=now)
    with pytest.raises(MessageError, match=r"^Edition 'e1': the HTML has"):
        grown(spare + 200)


def test_a_variant_without_its_link_is_not_compiled(compose: Compose, facts: EditionFacts, masthead: Masthead) -> None:
    variant = compose()
    token = variant.placeholders["TOKEN"]

    for lost, part in (
        (replace(variant, text=variant.text.replace(token, "")), "text"),
        (replace(variant, html=variant.html.replace(token, "")), "HTML"),
    ):
        with pytest.raises(MessageError, match=f"Edition 'e1': there is no unsubscribe link in its {part} part"):
            compile_variant(lost, facts, masthead=masthead)


@pytest.mark.parametrize("uid", ["", "a b", "e1>", ".e", "e..1", "e@1", "é", "a\r\nb"])
def test_an_edition_uid_that_cannot_stand_in_a_header_is_refused(
    compose: Compose, facts: EditionFacts, masthead: Masthead, uid: str
) -> None:
    with pytest.raises(MessageError, match="cannot stand in a Message-ID"):
        compile_variant(compose(), replace(facts, uid=uid), masthead=masthead)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"list_id": "no spaces here"}, "List-ID"),
        ({"base_url": "ftp://example.org"}, "base_url is no http address"),
        ({"base_url": "https://exa mple.org\r\nX: y"}, "control character"),
        ({"owner": "owner"}, "not one that mail can be sent to"),
        ({"sender": Mailbox(name="x", address="élise@example.org")}, "outside ASCII"),
        ({"bounce_domain": "bad domain"}, "no absolute URL|not one that mail"),
    ],
)
def test_a_masthead_that_cannot_be_written_is_refused(
    compose: Compose, facts: EditionFacts, masthead: Masthead, change: dict[str, object], sentence: str
) -> None:
    with pytest.raises(MessageError, match=sentence):
        compile_variant(compose(), facts, masthead=replace(masthead, **change))


def test_a_hostile_uid_of_an_adopted_article_stays_in_its_field(
    compose: Compose, facts: EditionFacts, masthead: Masthead, ada: Recipient, now: datetime, read: Read
) -> None:
    for uid in ("https://example.org/?p=1", "é ü", "=?utf-8?q?x?=", "x" * 2000, " edge "):
        message = read(
            compile_variant(compose(), replace(facts, article_uids=(uid,)), masthead=masthead).fill(ada, now=now)
        )
        assert message.keys() == FIELDS
        assert str(message["X-Article-UID"]) == uid


def test_the_unsubscribe_link_of_the_body_is_the_readers(
    compiled: CompiledVariant, ada: Recipient, now: datetime, read: Read
) -> None:
    text, html = parts_of(read(compiled.fill(ada, now=now)))
    link = f"https://news.example.org/u/{ada.token}"

    assert text.rstrip().endswith(link)
    assert f'href="{link}"' in html
    assert urlsplit(link).scheme == "https"


def test_filling_twice_and_from_a_stored_variant_gives_the_same_bytes(
    compose: Compose, facts: EditionFacts, masthead: Masthead, ada: Recipient, now: datetime, article: Article
) -> None:
    stored = replace(compose(article), placeholders=dict(compose(article).placeholders))

    one = compile_variant(compose(article), facts, masthead=masthead)
    two = compile_variant(stored, facts, masthead=masthead)

    assert one.fill(ada, now=now) == one.fill(ada, now=now) == two.fill(ada, now=now)


def test_preferences_link_stands_beside_the_unsubscribe_link_in_both_parts(
    variant: Variant, facts: EditionFacts, masthead: Masthead, ada: Recipient, now: datetime, read: Read
) -> None:
    text, html = parts_of(read(compile_variant(variant, facts, masthead=masthead).fill(ada, now=now)))

    link = f"{masthead.base_url}/p/{ada.preferences}"
    assert f'href="{link}"' in html
    assert link in text.splitlines()
    assert len(link) < 70
    assert html.index(link) < html.index(f"{masthead.base_url}/u/{ada.token}")


def test_preferences_token_stands_in_no_header(
    compiled: CompiledVariant, ada: Recipient, now: datetime, read: Read
) -> None:
    """Headers are kept and forwarded more widely than bodies, and this link opens more than leaving."""
    message = read(compiled.fill(ada, now=now))

    assert not [name for name, value in message.items() if ada.preferences in value]


@pytest.mark.parametrize("token", ["", "a b", "x" * 61, "\r\nBcc: x", "ü" * 26])
def test_preferences_token_that_could_not_be_a_link_is_refused(
    compiled: CompiledVariant, ada: Recipient, now: datetime, token: str
) -> None:
    with pytest.raises(MessageError, match="Edition e1, subscriber s1: the preferences token is malformed"):
        compiled.fill(replace(ada, preferences=token), now=now)


def test_variant_frozen_before_there_was_a_preferences_link_is_still_sent(
    compose: Compose, facts: EditionFacts, masthead: Masthead, ada: Recipient, now: datetime, read: Read
) -> None:
    frozen = compose()
    mark = frozen.placeholders["PREFERENCES"]
    old = replace(
        frozen,
        html=frozen.html.replace(f"/p/{mark}", "/"),
        text=frozen.text.replace(f"/p/{mark}", "/"),
        placeholders={name: value for name, value in frozen.placeholders.items() if name != "PREFERENCES"},
    )

    message = compile_variant(old, facts, masthead=masthead).fill(replace(ada, preferences=""), now=now)

    assert f"{masthead.base_url}/u/{ada.token}" in parts_of(read(message))[0]


def test_list_subscribe_leads_to_the_form(
    compiled: CompiledVariant, ada: Recipient, now: datetime, masthead: Masthead, read: Read
) -> None:
    message = read(compiled.fill(ada, now=now))

    assert message["List-Subscribe"] == f"<{masthead.base_url}/subscribe>"
    assert message["List-Help"].startswith("<mailto:")
