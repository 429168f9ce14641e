"""The owner's templates: what they may do, and what a slip in one says."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from newsletter.errors import ConfigError
from newsletter.model import Article
from newsletter.pages import Frame, PageText, article_page, message_page, stylesheet


def _message(templates: Mapping[str, str], frame: Frame, **changed: str) -> bytes:
    theme = {**templates, **{f"pages/{name}.html": text for name, text in changed.items()}}
    return message_page(theme, PageText(title="x"), frame=frame)


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ("{{ text.title", "templates/pages/message.html:1: unexpected end of template"),
        ("one\n\n{{ nonsense }}", "templates/pages/message.html:3: 'nonsense' is undefined. Correct the template."),
        ("{{ text.missing }}", "templates/pages/message.html:1: 'newsletter.pages.message.PageText object' has no"),
        ('{% extends "pages/other.html" %}', "templates/pages/other.html: the theme does not have this file."),
        ("{{ text.__class__ }}", "templates/pages/message.html:1: access to attribute '__class__'"),
    ],
)
def test_slip_in_a_template_is_told_with_its_line(
    templates: Mapping[str, str], frame: Frame, template: str, sentence: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        _message(templates, frame, message=template)

    assert str(caught.value).startswith(sentence)


def test_theme_without_a_stylesheet_is_told(templates: Mapping[str, str], frame: Frame) -> None:
    theme = {name: text for name, text in templates.items() if not name.endswith(".css")}

    with pytest.raises(ConfigError, match=r"templates/pages/site\.css: the theme does not have this file"):
        message_page(theme, PageText(title="x"), frame=frame)


@pytest.mark.parametrize(
    "escape",
    [
        "{{ words.say.__globals__ }}",
        "{{ masthead.__init__.__globals__ }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ here.__globals__['__builtins__'] }}",
        "{{ text.title.format.__self__.__class__ }}",
        "{{ ('{0.__class__}').format(masthead) }}",
        "{{ cycler.__init__.__globals__.os }}",
        "{% set x = masthead.languages.__class__ %}{{ x }}",
        "{{ words._translations._catalog }}",
    ],
)
def test_template_cannot_reach_into_the_program(templates: Mapping[str, str], frame: Frame, escape: str) -> None:
    with pytest.raises(ConfigError):
        _message(templates, frame, message=escape)


def test_new_text_of_a_template_is_used_at_once(templates: Mapping[str, str], frame: Frame) -> None:
    assert _message(templates, frame, message="one") == b"one"
    assert _message(templates, frame, message="two") == b"two"


def test_stylesheet_link_changes_with_the_stylesheet_alone(
    templates: Mapping[str, str], frame: Frame, article: Article
) -> None:
    pattern = rb'href="(/site\.css\?v=[0-9a-f]{10})"'
    before = re.search(pattern, article_page(templates, article, frame=frame))
    again = re.search(pattern, message_page(templates, PageText(title="x"), frame=frame))
    other = {**templates, "pages/site.css": "body { color: red }"}
    after = re.search(pattern, article_page(other, article, frame=frame))

    assert before
    assert again
    assert after
    assert before[1] == again[1] != after[1]
    assert stylesheet(other).startswith(b"body { color: red }")


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "paper"),
    [
        ("ink", "paper"),
        ("quiet", "paper"),
        ("accent", "paper"),
        ("ink", "sheet"),
        ("quiet", "sheet"),
        ("accent", "sheet"),
        ("accent-ink", "accent"),
    ],
)
def test_colours_stand_out_in_both_schemes(templates: Mapping[str, str], scheme: int, ink: str, paper: str) -> None:
    css = templates["pages/site.css"]
    values = {name: re.findall(rf"--{name}: (#[0-9a-f]{{6}});", css)[scheme] for name in (ink, paper)}

    lighter, darker = sorted((_luminance(values[ink]), _luminance(values[paper])), reverse=True)

    assert (lighter + 0.05) / (darker + 0.05) >= 4.5  # WCAG 2.2, 1.4.3


def test_stylesheet_holds_the_forms_where_the_theme_has_some() -> None:
    alone = {"pages/site.css": "body {}"}

    assert stylesheet(alone) == b"body {}"
    assert stylesheet(alone | {"pages/forms.css": "form {}"}) == b"body {}\nform {}"
