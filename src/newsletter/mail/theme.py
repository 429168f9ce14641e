"""The theme's mail templates, rendered in a sandbox.

Comes in: the theme as text, by relative name, and the values of one mailing. Goes out: rendered text.
Values are data: "{{ 7*7 }}" in an article arrives as written. A template sees the values handed to
it, a few filters, and nothing of Python (Jinja CVE-2024-56326, CVE-2025-27516).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from newsletter.i18n import Words
from newsletter.mail.errors import MessageError

HEAD_STYLE_OCTETS = 16_384  # Gmail drops a longer <style>
_FOLDER = "email/"
_FILTERS = (
    "capitalize",
    "default",
    "escape",
    "e",
    "first",
    "join",
    "last",
    "length",
    "lower",
    "title",
    "trim",
    "upper",
)
_UNFIT_IN_HEAD = (
    ("/*", "a comment, which Gmail does not forgive"),
    ("</", "markup"),
    ("<!", "markup"),
    ("@import", "@import, which loads something when the mail is opened"),
    ("@font-face", "@font-face, which loads something when the mail is opened"),
    ("url(", "url(), which loads something when the mail is opened"),
)


class Theme:
    """The mail half of a theme; immutable, and safe to share between threads."""

    def __init__(self, templates: Mapping[str, str]) -> None:
        """Hold the templates below "email/" of `templates`; each is compiled when first rendered."""
        self._sources = {name: source for name, source in templates.items() if name.startswith(_FOLDER)}
        self._environment = _sandbox(tuple(sorted(self._sources.items())))

    def render(self, name: str, values: Mapping[str, object]) -> str:
        """The template "email/`name`" filled with `values`.

        Raises MessageError naming file and line when it is missing, cannot be read, or uses what is not there.
        """
        try:
            return self._environment.get_template(_FOLDER + name).render(**values)
        except jinja2.TemplateNotFound as fault:
            raise MessageError(f"templates/{fault}: there is no such template. Restore it from the theme.") from fault
        except jinja2.TemplateSyntaxError as fault:
            place = f"templates/{fault.name or _FOLDER + name}:{fault.lineno}"
            raise MessageError(f"{place}: {str(fault.message).rstrip('.')}. Correct the template.") from fault
        except (jinja2.TemplateError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as fault:
            place = f"templates/{_FOLDER}{name}{_line_of(fault)}"
            raise MessageError(f"{place}: {str(fault).rstrip('.')}. Correct the template.") from fault

    def css(self, name: str) -> str:
        """The stylesheet "email/`name`" as it is; raises MessageError when it is missing."""
        try:
            return self._sources[_FOLDER + name]
        except KeyError:
            raise MessageError(
                f"templates/{_FOLDER}{name}: there is no such file. Restore it from the theme."
            ) from None

    def head_styles(self, names: Sequence[str], extra: str = "") -> tuple[Markup, ...]:
        """The stylesheets `names` for the head, kept to the letter, and `extra` behind them.

        Raises MessageError for what would load something, end its element, or go over 16 KB in all.
        """
        sheets = [(f"templates/{_FOLDER}{name}", self.css(name)) for name in names]
        if extra:
            sheets.append((f"templates/{_FOLDER}inline.css", extra))
        for place, css in sheets:
            for sign, what in _UNFIT_IN_HEAD:
                if sign in css.lower():
                    raise MessageError(f"{place}: it holds {what}. Take it out.")
        octets = sum(len(css.encode()) for _, css in sheets)
        if octets > HEAD_STYLE_OCTETS:
            raise MessageError(
                f"The styles kept in the head take {octets:,} octets and Gmail drops more than "
                f"{HEAD_STYLE_OCTETS:,}. Shorten {' and '.join(names)} in templates/{_FOLDER}."
            )
        return tuple(Markup(css.strip()) for _, css in sheets)  # noqa: S704  # it cannot end its element


class HtmlWords:
    """Words for HTML templates, whose gaps may be filled with markup."""

    def __init__(self, words: Words) -> None:
        """Wrap `words`."""
        self._words = words

    def say_html(self, message: str, /, **values: object) -> Markup:
        """`message` in the reader's language as HTML; each of `values` is escaped unless it is markup."""
        return Markup(escape(self._words.say(message))).format(**values)  # noqa: S704  # escaped right here


# Compiling the templates costs as much as the rest of a variant, and an edition has several variants.
@lru_cache(maxsize=8)
def _sandbox(sources: tuple[tuple[str, str], ...]) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        loader=jinja2.DictLoader(dict(sources)),
        autoescape=lambda name: name is not None and name.endswith(".html"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals = {}
    environment.filters = {name: environment.filters[name] for name in _FILTERS}
    environment.filters |= {"bdi": isolate, "underlined": underline}
    return environment


def isolate(text: str) -> Markup:
    """`text` wrapped so that its direction cannot turn what stands around it (`<bdi>`)."""
    return Markup("<bdi>{}</bdi>").format(text)


def underline(title: str) -> str:
    """`title` with a line of "=" below it, as headings stand in the text part."""
    return f"{title}\n{'=' * min(max(len(title), 3), 72)}"


def _line_of(fault: BaseException) -> str:
    """ ":12" for the template line that `fault` came from, or nothing."""
    trace, line = fault.__traceback__, ""
    while trace is not None:
        if re.search(r"templates?>$|^email/", trace.tb_frame.f_code.co_filename):
            line = f":{trace.tb_lineno}"
        trace = trace.tb_next
    return line
