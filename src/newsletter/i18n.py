"""The words around an article, in the reader's language, and dates as that language writes them.

Comes in: a language tag. Goes out: `Words`, which the crafts hand to their templates. Catalogues are
gettext PO files in ``locale/``, one per language, compiled in memory; English is the source. A
message without a translation is shown in English, and a test fails for it.
"""

from __future__ import annotations

import gettext
import io
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

import babel
from babel.dates import format_date, get_timezone_name
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from newsletter.model import direction

LANGUAGES = ("en", "fr", "ar")


class Words:
    """One language's words, plurals and dates; immutable, and safe to share between threads."""

    def __init__(self, language: str, translations: gettext.NullTranslations) -> None:
        """Hold the compiled catalogue of `language`."""
        self.language = language
        self.direction = direction(language)
        self._translations = translations
        try:
            self._locale = babel.Locale.parse(language, sep="-")
        except (ValueError, babel.UnknownLocaleError):
            self._locale = babel.Locale("en")

    def say(self, message: str, /, **values: object) -> str:
        """`message` in this language with `{name}` filled from `values`."""
        text = self._translations.gettext(message)
        return text.format(**values) if values else text

    def count(self, singular: str, plural: str, number: int, /, **values: object) -> str:
        """The right plural for `number`, which also fills `{number}`."""
        return self._translations.ngettext(singular, plural, number).format(number=number, **values)

    def date(self, moment: datetime, zone: str = "UTC") -> str:
        """`moment` as a long date in `zone`: "November 24, 2026", "24 novembre 2026"."""
        return format_date(moment.astimezone(ZoneInfo(zone)).date(), format="long", locale=self._locale)

    def zone_name(self, zone: str) -> str:
        """`zone` as people call it, for beside an hour."""
        return get_timezone_name(ZoneInfo(zone), locale=self._locale)

    def language_name(self, language: str) -> str:
        """The name of `language` in this language: "French", "français"."""
        try:
            return babel.Locale.parse(language, sep="-").get_display_name(self._locale) or language
        except (ValueError, babel.UnknownLocaleError):
            return language


@lru_cache(maxsize=32)
def load_words(language: str) -> Words:
    """The words of `language`, of its base language ("fr" for "fr-CA"), or English."""
    for candidate in (language, language.split("-")[0]):
        source = files("newsletter") / "locale" / f"{candidate}.po"
        if source.is_file():
            catalogue = read_po(io.BytesIO(source.read_bytes()), locale=candidate.replace("-", "_"))
            compiled = io.BytesIO()
            write_mo(compiled, catalogue)
            compiled.seek(0)
            return Words(language, gettext.GNUTranslations(compiled))
    return Words(language, gettext.NullTranslations())
