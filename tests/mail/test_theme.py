"""The theme: rendered in a sandbox, kept to the letter in the head, readable in light and dark."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

import cssutils
import pytest

from newsletter.i18n import load_words
from newsletter.mail.errors import MessageError
from newsletter.mail.theme import HEAD_STYLE_OCTETS, HtmlWords, Theme, isolate, underline


def render(source: str, **values: object) -> str:
    return Theme({"email/a.html": source}).render("a.html", values)


def test_values_are_data_and_never_templates() -> None:
    assert render("{{ a }}", a="{{ 7*7 }}<b>&") == "{{ 7*7 }}&lt;b&gt;&amp;"


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__ }}",
        "{{ ''['__class__'] }}",
        "{{ a.__class__.__mro__ }}",
        "{{ a.__init__.__globals__ }}",
        "{{ self.__init__ }}",
        "{{ self._TemplateReference__context }}",
        "{{ cycler }}",
        "{{ joiner }}",
        "{{ namespace }}",
        "{{ lipsum }}",
        "{{ range(9) }}",
        "{{ dict() }}",
        "{{ a|attr('__class__') }}",
        "{{ a|map('upper')|list }}",
        "{{ '%s'|format(a) }}",
        "{{ a|xmlattr }}",
        "{{ a|tojson }}",
        "{{ a|safe }}",
        "{{ a|pprint }}",
        "{{ a|filesizeformat }}",
        "{{ '{0.__class__}'.format(a) }}",
        "{{ '{x.__class__}'.format_map({'x': a}) }}",
        "{% include 'pages/b.html' %}",
        "{% include '../config.toml' %}",
        "{% import 'os' as os %}",
        "{% extends 'etc' %}",
        "{{ config }}",
        "{{ request }}",
        "{{ environ }}",
        "{{ [].append(1) }}",
        "{{ {}.update({'a': 1}) }}",
        "{{ a.missing }}",
        "{{ missing }}",
        "{{ 1/0 }}",
        "{{ a() }}",
        "{% if %}",
        "{{ a",
        "{{ ().__class__.__base__.__subclasses__() }}",
        "{{ a|groupby('x') }}",
        "{{ g.gi_frame }}",
        "{{ caller() }}",
        "{{ a['x'] }}",
    ],
)
def test_s3_no_template_reaches_python(source: str) -> None:
    with pytest.raises(MessageError, match=r"templates/\S+.*\. (Correct|Restore)"):
        render(source, a="x", g=(n for n in ()))


def test_a_broken_template_is_named_with_its_line() -> None:
    with pytest.raises(MessageError, match=r"templates/email/a\.html:2: 'x' is undefined\. Correct the template\."):
        render("a\n{{ x }}")
    with pytest.raises(MessageError, match=r"templates/email/a\.html:3: .*\. Correct the template\."):
        render("a\nb\n{% if %}")


def test_a_missing_file_is_named() -> None:
    with pytest.raises(MessageError, match=r"templates/email/a\.html: there is no such template"):
        Theme({}).render("a.html", {})
    with pytest.raises(MessageError, match=r"templates/email/inline\.css: there is no such file"):
        Theme({}).css("inline.css")


@pytest.mark.parametrize(
    "css",
    ["/* note */ p {}", "</style><script>", "<!-- x", "@IMPORT 'x.css';", "@font-face {}", "p { background: URL(x) }"],
)
def test_head_styles_that_load_or_end_something_are_refused(css: str) -> None:
    with pytest.raises(MessageError, match=r"templates/email/head\.css: it holds .* Take it out\."):
        Theme({"email/head.css": css}).head_styles(["head.css"])


def test_head_styles_stay_within_what_gmail_keeps() -> None:
    fits = "p { margin: 0 }".ljust(HEAD_STYLE_OCTETS)

    assert len(Theme({"email/head.css": fits}).head_styles(["head.css"])) == 1
    with pytest.raises(MessageError, match="Gmail drops more"):
        Theme({"email/head.css": fits}).head_styles(["head.css"], extra="p {}")


def test_words_are_escaped_and_their_gaps_may_hold_markup() -> None:
    say_html = HtmlWords(load_words("fr")).say_html

    said = say_html(
        "You receive this because {address} is subscribed to {newsroom}.", address="<b>", newsroom=isolate("<i>")
    )

    assert said == "Vous recevez ce message parce que l’adresse &lt;b&gt; est abonnée à <bdi>&lt;i&gt;</bdi>."


def test_a_heading_in_the_text_part_is_underlined() -> None:
    assert underline("Tides") == "Tides\n====="
    assert underline("x" * 200).endswith("\n" + "=" * 72)


# From here on: the theme that ships.

PAGE, SHEET, CODE, MARK, BUTTON = ".page", ".sheet", ".copy pre", ".copy mark", ".button"
PAIRS = [
    *((selector, SHEET) for selector in (".nameplate", ".topics", ".title", ".title2", ".standfirst", ".byline")),
    *((selector, SHEET) for selector in (".byline a", ".hero", ".copy", ".copy a", ".copy h2", ".copy blockquote")),
    *((selector, SHEET) for selector in (".picture", ".caption", ".notes", ".data th", ".data caption", ".fallback")),
    *((selector, PAGE) for selector in (".footer", ".footer-link")),
    (".copy", CODE),
    (".copy a", CODE),
    (".copy mark", MARK),
    (".copy .button-link", BUTTON),
]


@cache
def declarations(css: str) -> dict[str, dict[str, str]]:
    """Each selector of `css`, inside and outside @media, with its declarations."""
    found: dict[str, dict[str, str]] = {}

    def walk(rules: cssutils.css.CSSRuleList) -> None:
        for rule in rules:
            if rule.type == rule.MEDIA_RULE:
                walk(rule.cssRules)
            elif rule.type == rule.STYLE_RULE:
                for selector in rule.selectorList:
                    values = {declared.name: declared.value for declared in rule.style}
                    found.setdefault(selector.selectorText, {}).update(values)

    walk(cssutils.parseString(css, validate=False).cssRules)
    return found


def luminance(colour: str) -> float:
    digits = colour.removeprefix("#")
    digits = "".join(digit * 2 for digit in digits) if len(digits) == 3 else digits
    channels = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(("text", "ground"), PAIRS)
@pytest.mark.parametrize("scheme", ["light", "dark", "outlook dark"])
def test_a6_contrast_is_enough_in_every_scheme(
    scheme: str, text: str, ground: str, templates: Mapping[str, str]
) -> None:
    sheet = "inline.css" if scheme == "light" else "dark.css"
    prefix = re.compile(r"\[data-ogs[cb]\] ")
    rules: dict[str, dict[str, str]] = {}
    for selector, values in declarations(templates[f"email/{sheet}"]).items():
        if bool(prefix.match(selector)) == (scheme == "outlook dark"):
            rules.setdefault(prefix.sub("", selector), {}).update(values)

    def look_up(selector: str, name: str) -> str:
        return rules[".copy p.fallback" if (scheme, selector) == ("light", ".fallback") else selector][name]

    assert contrast(look_up(text, "color"), look_up(ground, "background-color")) >= 4.5


def test_the_rules_are_few_simple_and_without_what_clients_drop(templates: Mapping[str, str]) -> None:
    css = templates["email/inline.css"]

    assert css.count("{") <= 80
    assert not re.search(r"flex|grid|var\(|calc\(|rem\b|float|position|#fff\b|#000\b|url\(", css)
    assert not re.search(r"padding[^;]*;[^}]*padding", css)


def test_only_media_queries_that_gmail_keeps_are_in_the_first_sheet(templates: Mapping[str, str]) -> None:
    queries = re.findall(r"@media ([^{]+)\{", templates["email/head.css"])

    assert queries
    assert all(re.fullmatch(r"screen and \((?:min|max)-(?:width|height): \d+px\) ", query) for query in queries)
    assert all(
        " !important" in line for line in templates["email/head.css"].splitlines() if ":" in line and "@" not in line
    )
