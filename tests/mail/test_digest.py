"""A digest: what leads, what stands together, what is only named, and that nothing is lost on the way."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from email.message import EmailMessage
from typing import cast

import pytest
from lxml import etree

from newsletter.mail import DigestText, EditionFacts, MessageError, articles_key, compile_variant, compose_digest
from newsletter.model import Article, Image, Masthead, Recipient, Topic, Variant

Digest = Callable[..., Variant]
Piece = Callable[..., Article]
Sent = Callable[[Variant], list[str]]

DIPLOMACY = Topic(slug="diplomacy", names={"en": "Diplomacy", "fr": "Diplomatie", "ar": "الدبلوماسية"})
HARBOUR = Topic(slug="harbour", names={"en": "Harbour life", "fr": "La vie du port", "ar": "حياة الميناء"})
QUAY = Image(
    url="https://news.example.org/media/quay.png",
    alt="The quay",
    width=1200,
    height=800,
    media_type="image/png",
    size=1,
)


@pytest.fixture
def piece(article: Article) -> Piece:
    """`piece("Tides", HARBOUR, **article fields)`: an article of that title on those topics, in English."""

    def written(title: str, *topics: Topic, **fields: object) -> Article:
        slug = title.lower().replace(" ", "-")
        language = fields.get("language", "en")
        own = {"uid": f"tag:{title}", "url": f"https://news.example.org/{language}/{slug}/", "summary": f"On {title}."}
        return replace(article, title=title, topics=topics, **cast(Mapping[str, str], {**own, **fields}))

    return written


@pytest.fixture
def digest(templates: Mapping[str, str], masthead: Masthead) -> Digest:
    """`digest(articles…, more=, subject=, furniture=, template=, templates=, seed=)`."""

    def composed(*articles: Article, **options: object) -> Variant:
        theme = cast(Mapping[str, str], options.pop("templates", templates))
        text = DigestText(
            articles=articles,
            more=(),
            furniture="en",
            subject="Your week",
            edition_url="https://news.example.org/editions/e1/",
            seed=b"seed",
        )
        return compose_digest(theme, replace(text, **cast(Mapping[str, str], options)), masthead=masthead)

    return composed


@pytest.fixture
def week(piece: Piece) -> tuple[Article, ...]:
    return (
        piece("Tides", HARBOUR, image=QUAY),
        piece("Ferry", DIPLOMACY),
        piece("Tuba"),
        piece("Nets", HARBOUR),
        piece("Treaty", DIPLOMACY, HARBOUR),
    )


@pytest.fixture
def sent(
    facts: EditionFacts, masthead: Masthead, ada: Recipient, now: datetime, read: Callable[[bytes], EmailMessage]
) -> Sent:
    """`sent(variant)`: the text and the HTML that Ada reads."""

    def delivered(variant: Variant) -> list[str]:
        raw = compile_variant(variant, facts, masthead=masthead).fill(ada, now=now)
        return [part.get_content().replace("\r\n", "\n") for part in read(raw).iter_parts()]

    return delivered


def tree_of(variant: Variant) -> etree._Element:
    return etree.fromstring(variant.html, etree.HTMLParser(huge_tree=True))


def words_of(element: etree._Element) -> str:
    return " ".join("".join(map(str, element.itertext())).split())


def outline(variant: Variant) -> list[tuple[str, str]]:
    return [(str(heading.tag), words_of(heading)) for heading in tree_of(variant).iter("h1", "h2", "h3", "h4")]


def preheader_of(variant: Variant) -> str:
    return str(tree_of(variant).findtext("body/div/div")).strip("\u034f\u200c\u00a0")


def named_of(variant: Variant) -> list[str]:
    return [words_of(item) for item in tree_of(variant).xpath("(//ul)[last()]/li")]


def test_the_first_article_leads_with_picture_summary_and_button(digest: Digest, week: tuple[Article, ...]) -> None:
    root = tree_of(digest(*week))

    title = root.xpath("//h2[a]")[0]
    (image,) = root.iter("img")
    (button,) = root.xpath('//a[contains(@class, "button-link")]')
    assert (words_of(title), title[0].get("href")) == ("Tides", "https://news.example.org/en/tides/")
    assert (image.get("alt"), image.get("width"), image.get("height")) == ("The quay", "600", "400")
    assert (words_of(button), button.get("aria-label")) == ("Read on", "Read on: Tides")
    assert button.get("href") == "https://news.example.org/en/tides/"
    assert "Harbour life Tides By Ada Quay · November 24, 2026 On Tides. Read on" in words_of(root)


def test_the_others_stand_under_their_first_topic_and_those_without_come_last(
    digest: Digest, week: tuple[Article, ...]
) -> None:
    assert outline(digest(*week)) == [
        ("h1", "Your week"),
        ("h2", "In this digest"),
        ("h2", "Tides"),
        ("h2", "Diplomacy"),
        ("h3", "Ferry"),
        ("h3", "Treaty"),
        ("h2", "Harbour life"),
        ("h3", "Nets"),
        ("h2", "More articles"),
        ("h3", "Tuba"),
    ]


def test_every_article_has_its_byline_summary_and_a_link_that_names_it(
    digest: Digest, week: tuple[Article, ...]
) -> None:
    root = tree_of(digest(*week))

    links = root.xpath('//a[contains(@class, "onward")]')
    assert [link.get("aria-label").removeprefix("Read on: ") for link in links] == ["Ferry", "Treaty", "Nets", "Tuba"]
    assert {link.get("href") for link in links} == {each.url for each in week[1:]}
    assert "Ferry By Ada Quay · November 24, 2026 On Ferry. Read on" in words_of(root)


def test_topics_and_all_other_furniture_speak_the_readers_language(digest: Digest, week: tuple[Article, ...]) -> None:
    variant = digest(*week, furniture="fr")

    headings = [words for _, words in outline(variant)]
    assert headings[1::2][:2] == ["Dans ce récapitulatif", "Diplomatie"]
    assert headings[-2:] == ["D’autres articles", "Tuba"]
    assert "5 articles" in words_of(tree_of(variant))
    assert "Dans ce récapitulatif\u00a0:\n- Tides\n" in variant.text
    assert not re.search(r"In this digest|Read on|More articles|By Ada", variant.html + variant.text)


def test_a_single_group_needs_no_heading(digest: Digest, piece: Piece) -> None:
    variant = digest(piece("Tides"), piece("Ferry", DIPLOMACY), piece("Treaty", DIPLOMACY))

    assert outline(variant)[2:] == [("h2", "Tides"), ("h2", "Ferry"), ("h2", "Treaty")]


@pytest.mark.parametrize(("number", "listed"), [(1, 0), (2, 0), (3, 3), (9, 9)])
def test_contents_are_listed_from_three_articles_on(digest: Digest, piece: Piece, number: int, listed: int) -> None:
    variant = digest(*(piece(f"Piece {n}") for n in range(number)))

    assert len(list(tree_of(variant).iter("li"))) == listed
    assert ("In this digest" in variant.html, f"{number} articles" in variant.html) == (listed > 0, listed > 0)
    assert variant.text.count("\n- ") == listed


def test_contents_are_in_the_order_in_which_the_articles_stand(digest: Digest, week: tuple[Article, ...]) -> None:
    variant = digest(*week)

    order = ["Tides", "Ferry", "Treaty", "Nets", "Tuba"]
    assert [words_of(item) for item in tree_of(variant).iter("li")] == order
    assert "\n- ".join(["In this digest:", *order]) + "\n\n" in variant.text
    assert preheader_of(variant) == " · ".join(order)


def test_links_lead_to_pages_because_anchors_inside_a_mail_do_not_work(
    digest: Digest, week: tuple[Article, ...], piece: Piece
) -> None:
    variant = digest(*week, more=(piece("Oars"),))

    targets = tree_of(variant).xpath("//a/@href")
    assert len(targets) == 5 + 5 + 5 + 1 + 3
    assert all(str(target).startswith("https://news.example.org/") and "#" not in target for target in targets)


def test_a_digest_of_one_is_its_article_under_the_subject(digest: Digest, piece: Piece) -> None:
    variant = digest(piece("Tides", HARBOUR))

    assert outline(variant) == [("h1", "Your week"), ("h2", "Tides")]
    assert preheader_of(variant) == "On Tides."
    assert list(tree_of(variant).iter("img")) == []


def test_a_digest_of_one_does_not_say_its_title_twice(digest: Digest, piece: Piece) -> None:
    variant = digest(piece("Tides", HARBOUR), subject="Tides")

    assert outline(variant) == [("h1", "Tides")]
    assert variant.text.count("Tides\n=====") == 1


@pytest.mark.parametrize(("number", "named", "rest"), [(1, 1, 0), (20, 20, 0), (21, 20, 1), (57, 20, 37)])
def test_what_is_past_the_maximum_is_named_up_to_twenty_and_then_counted(
    digest: Digest, piece: Piece, number: int, named: int, rest: int
) -> None:
    variant = digest(piece("Tides"), more=tuple(piece(f"Piece {n}") for n in range(number)))

    assert ("h2", "Also published") in outline(variant)
    assert named_of(variant) == [f"Piece {n}" for n in range(named)]
    assert variant.text.count("\n  https://news.example.org/en/piece-") == named
    links = [link for link in tree_of(variant).iter("a") if words_of(link).startswith("and ")]
    assert [(words_of(link), link.get("href")) for link in links] == [
        (f"and {rest} more", "https://news.example.org/")
    ] * bool(rest)
    assert (f"\nand {rest} more:\nhttps://news.example.org/\n" in variant.text) == bool(rest)


@pytest.mark.parametrize(
    ("language", "number", "rest", "count"),
    [
        ("en", 21, "and 1 more", "22 articles"),
        ("fr", 21, "et 1 autre", "22 articles"),
        ("fr", 57, "et 37 autres", "58 articles"),
        ("ar", 21, "ومقال آخر", "22 مقالًا"),
        ("ar", 22, "ومقالان آخران", "23 مقالًا"),
        ("ar", 25, "و5 مقالات أخرى", "26 مقالًا"),
        ("ar", 57, "و37 مقالًا آخر", "58 مقالًا"),
        ("ar", 120, "و100 مقال آخر", "121 مقالًا"),
        ("ar", 2, "", "3 مقالات"),
    ],
)
def test_numbers_take_the_plural_of_the_language(
    digest: Digest, piece: Piece, language: str, number: int, rest: str, count: str
) -> None:
    variant = digest(piece("Tides"), more=(piece("Oars"),) * number, furniture=language)

    for words in (words_of(tree_of(variant)), variant.text):
        assert rest in words
        assert count in words


def test_the_text_part_tells_the_same_in_the_same_order(digest: Digest, piece: Piece) -> None:
    amal = piece("ضوء", language="ar", summary="كيف", author="", url="https://news.example.org/ar/light/")
    nets = piece("Nets", HARBOUR, summary="")

    text = digest(piece("Tides", HARBOUR), nets, amal, more=(piece("Oars"),)).text

    assert text.partition("\n-- \n")[0] == (
        "The Harbour Post\n\nYour week\n=========\n4 articles\n\n"
        "In this digest:\n- Tides\n- Nets\n- ضوء\n\n"
        "Tides\n=====\nBy Ada Quay · November 24, 2026\n\nOn Tides.\n\n"
        "Read on:\nhttps://news.example.org/en/tides/\n\n"
        "Harbour life\n============\n\n"
        "Nets\n----\nBy Ada Quay · November 24, 2026\n\nRead on:\nhttps://news.example.org/en/nets/\n\n"
        "More articles\n=============\n\n"
        "ضوء\n---\nNovember 24, 2026 · This article is in Arabic.\n\nكيف\n\n"
        "Read on:\nhttps://news.example.org/ar/light/\n\n"
        "Also published\n==============\n\n- Oars\n  https://news.example.org/en/oars/\n"
    )


def test_the_footer_is_that_of_every_edition(digest: Digest, compose: Digest, week: tuple[Article, ...]) -> None:
    one, other = digest(*week), compose(*week, subject="Your week")

    assert one.html.partition('class="below"')[2] == other.html.partition('class="below"')[2]
    assert one.text.partition("\n-- \n")[2] == other.text.partition("\n-- \n")[2]


@pytest.mark.parametrize("furniture", ["en", "fr", "ar"])
def test_each_article_has_its_own_language_and_side(digest: Digest, piece: Piece, furniture: str) -> None:
    arabic = piece("ضوء", language="ar")

    for articles in ((piece("Tides"), arabic, piece("Nets")), (arabic, piece("Tides"), piece("Nets"))):
        variant = digest(*articles, more=articles, furniture=furniture)
        root = tree_of(variant)
        (cell,) = root.xpath('//td[@lang="ar"][h2 or h3]')
        assert (variant.language, root.get("lang")) == (articles[0].language,) * 2
        assert (cell.get("dir"), "text-align:right" in cell.get("style", "")) == ("rtl", True)
        for link in root.xpath("//li/a[not(@lang)]"):
            assert (words_of(link) == "ضوء") == (variant.language == "ar")
        foreign = {(link.get("lang"), link.get("dir")) for link in root.xpath("//li/a[@lang]")}
        assert foreign == ({("en", "ltr")} if variant.language == "ar" else {("ar", "rtl")})


def test_a_foreign_article_is_announced_as_such(digest: Digest, piece: Piece) -> None:
    variant = digest(piece("Tides"), piece("Vagues", language="fr"))

    assert words_of(tree_of(variant)).count("This article is in French.") == 1
    assert variant.text.count("This article is in French.") == 1
    assert "This article is in English." not in variant.html


@pytest.mark.parametrize(
    ("image", "written"),
    [
        (None, []),
        (replace(QUAY, width=0, height=0), [("600", None)]),
        (replace(QUAY, width=300, height=200), [("300", "200")]),
        (replace(QUAY, url="javascript:alert(1)"), []),
    ],
)
def test_only_the_leads_picture_is_shown_at_its_size(
    digest: Digest, piece: Piece, image: Image | None, written: list[tuple[str, str | None]]
) -> None:
    variant = digest(piece("Tides", image=image), piece("Nets", image=QUAY))

    assert [(found.get("width"), found.get("height")) for found in tree_of(variant).iter("img")] == written


HOSTILE = [
    "<script>alert(1)</script>",
    "</title></style>--><img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "{{ 7*7 }} {% raw %} {# c #}",
    "a\r\n\r\n-- \r\nBcc: v@example.com",
    "\u202eevil\u2066 \u0000\ufeff",
    "&lt;b&gt; &amp;",
]


@pytest.mark.parametrize("payload", HOSTILE)
def test_what_articles_say_is_text_and_nothing_else(payload: str, digest: Digest, piece: Piece, sent: Sent) -> None:
    image, topic = replace(QUAY, alt=payload), Topic(slug="x", names={"en": payload})
    hostile = piece(payload, topic, summary=payload, author=payload, url="https://news.example.org/x/", image=image)
    tame = piece("Tides", HARBOUR, image=QUAY)

    text, html = sent(digest(hostile, hostile, piece("Nets"), more=(hostile,) * 22))

    root, plain = (
        etree.fromstring(html, etree.HTMLParser()),
        tree_of(digest(tame, tame, piece("Nets"), more=(tame,) * 22)),
    )
    shown = " ".join(re.sub("[\0\ufeff]", "", payload).split())
    assert [element.tag for element in root.iter(etree.Element)] == [e.tag for e in plain.iter(etree.Element)]
    assert text.count("\n-- \n") == 1
    assert shown in text
    assert shown in words_of(root)


def test_a_title_that_turns_the_text_does_not_turn_the_titles_beside_it(digest: Digest, piece: Piece) -> None:
    variant = digest(piece("\u202eTides"), piece("Nets"), piece("Oars"))

    assert preheader_of(variant) == "Tides · Nets · Oars"


def test_the_preheader_does_not_say_what_the_subject_said(digest: Digest, piece: Piece) -> None:
    variant = digest(piece("Tides"), piece("Nets"), piece("Oars"), subject="Tides, and two more")

    assert preheader_of(variant) == "Nets · Oars"


@pytest.mark.parametrize("number", [60, 90])
def test_h9_a_digest_too_long_for_gmail_names_its_last_articles_and_loses_none(
    digest: Digest, piece: Piece, sent: Sent, number: int
) -> None:
    pieces = [piece(f"Piece {n} of the season", (DIPLOMACY, HARBOUR)[n % 2], summary="w" * 280) for n in range(number)]
    variant = digest(*pieces, more=(piece("Oars"),))

    text, html = sent(variant)

    named = re.findall(r"^- (.*)$", text.partition("Also published")[2], re.MULTILINE)
    summed = text.count("\nRead on:\n")
    unnamed = number + 1 - summed - len(named)
    assert len(html.encode()) < 100_000
    assert 45 <= summed < number
    assert named == [each.title for each in (*pieces[summed:], piece("Oars"))][:20]
    assert (f"and {unnamed} more" in html, f"and {unnamed} more" in text) == (unnamed > 0, unnamed > 0)
    assert f"{number + 1} articles" in html
    assert variant.articles_key == articles_key([*(each.uid for each in pieces), "tag:Oars"])


def test_h9_fifty_summaries_of_full_length_fit(digest: Digest, piece: Piece) -> None:
    sentence = "Nobody at the harbour office expected that the tide would come in ten days before its time. " * 4

    variant = digest(
        *(piece(f"The tide of day {n} and what came of it", HARBOUR, summary=sentence[:280]) for n in range(50))
    )

    assert variant.text.count("\nRead on:\n") == 50
    assert len(variant.html.encode()) < 98_000


def test_a_lead_too_long_by_itself_is_refused_before_it_is_sent(
    digest: Digest, piece: Piece, facts: EditionFacts, masthead: Masthead
) -> None:
    variant = digest(piece("Tides", summary="w" * 100_000), piece("Nets"))

    with pytest.raises(MessageError, match="would be clipped"):
        compile_variant(variant, facts, masthead=masthead)


def test_placeholders_are_found_and_filled(
    digest: Digest, week: tuple[Article, ...], sent: Sent, ada: Recipient
) -> None:
    variant = digest(*week)

    parts = sent(variant)

    assert set(variant.placeholders) == {"TOKEN", "ADDRESS", "PREFERENCES"}
    for part in parts:
        assert f"https://news.example.org/u/{ada.token}" in part
        assert f"https://news.example.org/p/{ada.preferences}" in part
        assert ada.address in part
        assert not any(mark in part for mark in variant.placeholders.values())


def test_the_same_digest_gives_the_same_bytes_and_its_key_follows_the_order(
    digest: Digest, week: tuple[Article, ...], piece: Piece
) -> None:
    oars = piece("Oars")

    assert digest(*week, more=(oars,)) == digest(*week, more=(oars,))
    assert digest(*week, more=(oars,)).articles_key == articles_key(each.uid for each in (*week, oars))
    assert set(digest(*week, seed=b"a").placeholders.values()).isdisjoint(digest(*week).placeholders.values())


def test_a_digest_that_says_nothing_is_refused(digest: Digest, piece: Piece) -> None:
    with pytest.raises(MessageError, match="A digest needs at least one article"):
        digest()
    with pytest.raises(MessageError, match="subject is empty"):
        digest(piece("Tides"), subject=" ")
    with pytest.raises(MessageError, match=r"Subject: .* U\+000D"):
        digest(piece("Tides"), subject="Tides\r\nBcc: v@example.com")


@pytest.mark.parametrize("name", ["weekly.html", "weekly.txt"])
def test_a_missing_template_is_named(digest: Digest, piece: Piece, templates: Mapping[str, str], name: str) -> None:
    own = {
        "email/weekly.html": '{% extends "email/digest.html" %}',
        "email/weekly.txt": '{% extends "email/digest.txt" %}',
    }
    del own[f"email/{name}"]

    with pytest.raises(MessageError, match=rf"templates/email/{re.escape(name)}: there is no such template"):
        digest(piece("Tides"), template="weekly", templates={**templates, **own})


def test_a_newsrooms_own_template_is_used_and_must_keep_the_footer(
    digest: Digest, piece: Piece, templates: Mapping[str, str]
) -> None:
    own = {
        "email/weekly.html": '{% extends "email/digest.html" %}{% block articles %}<p>Ours</p>{% endblock %}',
        "email/weekly.txt": "Ours: {{ digest.lead.title }}\n{{ unsubscribe_url }}\n{{ publisher }}",
    }
    bare = {**templates, **own, "email/weekly.txt": "Ours"}

    variant = digest(piece("Tides"), template="weekly", templates={**templates, **own})

    assert ">Ours</p>" in variant.html
    assert variant.text.startswith("Ours: Tides\nhttps://news.example.org/u/")
    with pytest.raises(MessageError, match=r"templates/email/weekly\.txt: the unsubscribe link is not in"):
        digest(piece("Tides"), template="weekly", templates=bare)
