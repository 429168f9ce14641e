"""Whether the settings agree with each other: languages, topics, transports, schedules.

Comes in: nested plain values, as they were merged. Goes out: what is wrong with which key. It looks
at what is written rather than at the records, so that one run names these faults beside all others,
and passes over whatever has the wrong shape: `validation` says that.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import PurePath
from posixpath import normpath

from newsletter.config.addresses import is_loopback
from newsletter.config.schedules import DEFAULT_MAX, DEFAULT_MIN, USUAL_TIMES, read_schedule_name
from newsletter.config.settings import SETTINGS_OF_KIND, TransportKind
from newsletter.config.validation import Wrong, dotted
from newsletter.config.values import quoted, read_language

# What the program reads, writes or serves there would mix with mail.
_SERVED = (".", "site", "feeds", "articles", "templates")
# What each kind of transport cannot do without, and an example; passwords may come at the last moment.
_NEEDED: Mapping[TransportKind, Mapping[str, str]] = {
    TransportKind.MAILDIR: {"path": '"outbox"'},
    TransportKind.SMTP: {"host": '"smtp.example.org"'},
    TransportKind.SES: {"region": '"eu-west-1"', "user": '"AKIAEXAMPLE"'},
    TransportKind.MAILGUN: {"domain": '"mg.example.org"'},
    TransportKind.POSTMARK: {},
}


def disagreements(values: Mapping[str, object]) -> tuple[Wrong, ...]:
    """Everything in `values` that contradicts something else in it."""
    newsroom, transports = _table(values, "newsroom"), _table(values, "transports")
    language = _word(newsroom.get("language"))
    written = newsroom.get("languages", [])
    languages = {_word(tag) for tag in written if _word(tag)} if isinstance(written, list) else set()
    known = languages | {language}
    topics = _table(values, "topics")
    return (
        *_wrong_languages(language, languages),
        *_unknown_languages(("newsroom", "fallback"), _fallback_tags(newsroom), known),
        *_wrong_topics(topics, known),
        *_wrong_choice(values, transports),
        *(wrong for name, table in transports.items() for wrong in _wrong_transport(name, _as_table(table))),
        *(
            wrong
            for name, table in _table(values, "schedules").items()
            for wrong in _wrong_schedule(name, _as_table(table), topics=topics, known=known)
        ),
    )


def _wrong_languages(language: str, languages: Collection[str]) -> Iterator[Wrong]:
    if language and languages and language not in languages:
        sentence = f"does not hold {quoted(language)}, the newsroom's language. Add it."
        yield Wrong(key=("newsroom", "languages"), sentence=sentence)


def _fallback_tags(newsroom: Mapping[str, object]) -> Iterator[object]:
    for source, targets in _as_table(newsroom.get("fallback")).items():
        yield from (source, *(targets if isinstance(targets, list) else ()))


def _unknown_languages(key: tuple[str, ...], tags: Iterable[object], known: Collection[str]) -> Iterator[Wrong]:
    """A fault for each of `tags` that the newsroom does not speak; none while that cannot be told."""
    for tag in tags:
        if any(known) and _word(tag) and _word(tag) not in known:
            sentence = f"names {quoted(str(tag))}, which is not among the languages. Add it to newsroom.languages."
            yield Wrong(key=key, sentence=sentence)


def _wrong_topics(topics: Mapping[str, object], known: Collection[str]) -> Iterator[Wrong]:
    owners: dict[str, str] = {}
    for slug, table in topics.items():
        names, aliases = _as_table(_as_table(table).get("names")), _as_table(table).get("aliases")
        yield from _unknown_languages(("topics", slug, "names"), names, known)
        for name in (slug, *names.values(), *(aliases if isinstance(aliases, list) else ())):
            owner = owners.setdefault(_word(name), slug) if _word(name) else slug
            if owner != slug:
                sentence = f"{quoted(str(name))} already means the topic {quoted(owner)}. Keep it in one of them."
                yield Wrong(key=("topics", slug), sentence=sentence)


def _wrong_choice(values: Mapping[str, object], transports: Mapping[str, object]) -> Iterator[Wrong]:
    written = _table(values, "delivery").get("transport")
    if not isinstance(values.get("transports"), dict):
        return
    for chosen in map(_word, written if isinstance(written, list) else [written]):
        if chosen and chosen not in transports:
            close = get_close_matches(chosen[:80], transports, n=1)
            advice = f"Did you mean {dotted(close)}?" if close else "Write the name of one that is there."
            sentence = f"there is no section [{dotted(('transports', chosen))}]. {advice}"
            yield Wrong(key=("delivery", "transport"), sentence=sentence)


def _wrong_transport(name: str, table: Mapping[str, object]) -> Iterator[Wrong]:
    written = _word(table.get("kind"))
    here = ("transports", name)
    if written not in list(TransportKind):
        return
    kind = TransportKind(written)
    for key in table:
        others = [other for other in TransportKind if key in SETTINGS_OF_KIND[other]]
        if others and kind not in others:
            sentence = f"belongs to transports of kind {', '.join(others)}. Remove the line."
            yield Wrong(key=(*here, key), sentence=sentence)
    for needed, example in _NEEDED[kind].items():
        if needed not in table:
            sentence = f"is missing. Write under [{dotted(here)}]: {needed} = {example}"
            yield Wrong(key=(*here, needed), sentence=sentence)
    path = _word(table.get("path"))
    if kind is TransportKind.MAILDIR and path and _is_served(path):
        sentence = f"{quoted(path)} is read or served as something else. Write a folder of its own, such as outbox."
        yield Wrong(key=(*here, "path"), sentence=sentence)
    if kind is TransportKind.SMTP:
        yield from _wrong_account(here, table)


def _wrong_account(here: tuple[str, str], table: Mapping[str, object]) -> Iterator[Wrong]:
    has_user, has_password = "user" in table, "password" in table
    if has_password and not has_user:
        yield Wrong(key=(*here, "password"), sentence="is set without a user. Write user as well.")
    is_open = _word(table.get("tls")) == "none" and not is_loopback(_word(table.get("host")))
    if has_user and is_open and table.get("insecure") is not True:
        sentence = 'would send the password unencrypted. Write "starttls" or "implicit".'
        yield Wrong(key=(*here, "tls"), sentence=sentence)


def _wrong_schedule(
    name: str, table: Mapping[str, object], *, topics: Mapping[str, object], known: Collection[str]
) -> Iterator[Wrong]:
    here = ("schedules", name)
    if "at" in table and "cron" in table:
        yield Wrong(key=(*here, "cron"), sentence="is set, and at too. Keep one of them.")
    must_say_when = name not in USUAL_TIMES and _is_read(read_schedule_name, name)
    if "at" not in table and "cron" not in table and must_say_when:
        sentence = f'is missing. Write under [{dotted(here)}]: at = "mon 08:00"'
        yield Wrong(key=(*here, "at"), sentence=sentence)
    fewest, most = table.get("min", DEFAULT_MIN), table.get("max", DEFAULT_MAX)
    if type(fewest) is int and type(most) is int and fewest > most:
        written, other, verb = ("min", f"max, {most}", "more") if "min" in table else ("max", f"min, {fewest}", "less")
        yield Wrong(key=(*here, written), sentence=f"is {verb} than {other}. Change one of them.")
    if _is_read(read_language, table.get("language")):
        yield from _unknown_languages((*here, "language"), [table.get("language")], known)
    chosen = table.get("topics")
    for topic in map(_word, chosen if isinstance(chosen, list) else ()):
        if topic and topic not in topics:
            close = get_close_matches(topic[:80], topics, n=1)
            advice = f"Did you mean {dotted(close)}?" if close else f"Write a section [{dotted(('topics', topic))}]."
            yield Wrong(key=(*here, "topics"), sentence=f"names {quoted(topic)}, which is no topic. {advice}")


def _is_read(read: Callable[[object], object], value: object) -> bool:
    try:
        read(value)
    except ValueError:
        return False
    return True


def _is_served(path: str) -> bool:
    first = PurePath(normpath(path)).parts[:1]
    return not first or first[0] in _SERVED


def _table(values: Mapping[str, object], name: str) -> Mapping[str, object]:
    return _as_table(values.get(name))


def _as_table(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _word(value: object) -> str:
    """`value` for comparing: without case and blanks; empty when it is no text."""
    return value.strip().casefold() if isinstance(value, str) else ""
