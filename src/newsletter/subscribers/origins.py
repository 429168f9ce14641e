"""Lists of readers from other newsletter programs: recognised by their headers, read in our words.

Comes in: the titles of a header, then the cells of a row. Goes out: an `Origin`, then a `Newcomer` with
what is known of the sign-up. Another program is another row of the table. Pure. Called by `spreadsheets`
and `imports`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from newsletter.errors import UsageError
from newsletter.subscribers.choices import Choices, Offer, settle
from newsletter.subscribers.columns import COLUMNS, usual_column
from newsletter.subscribers.examining import Newcomer

# Nobody signed up for a newsletter by a web form before there were any.
_FIRST_YEAR = 1993
WIDEST_SOURCE = 255
_LIST_MARKS = re.compile(r"[;,]")
_FALSE = frozenset({"false", "0", "no", "none", "null", "-", "f", "n", "never", "non", "faux"})
# Whoever wrote the file, and however little of its header we know: a list of those who left, by its name or by
# a title that only such lists have, and a column that says when somebody left. Nobody is mailed for want of a word.
_LISTS_OF_LEAVERS = {
    **dict.fromkeys(("unsub", "opt-out", "optout", "opted-out", "désabonn", "desabonn", "désinscri"), "unsubscribed"),
    **dict.fromkeys(("desinscri", "suppress", "blocklist", "blacklist", "blocked"), "unsubscribed"),
    **dict.fromkeys(("cleaned", "bounce"), "bounced"),
    "complain": "complained",
    "nonsubscribed": "nonsubscribed",
}
_TITLES_OF_LEAVERS = {"unsub_time": "unsubscribed", "clean_time": "cleaned"}
LEAVING = {
    **dict.fromkeys(("unsubscribed_at", "unsubscribed_on", "unsubscribe_date", "unsubscribed_date"), "unsubscribed"),
    **dict.fromkeys(("date_unsubscribed", "unsubscribed", "unsubscription_date"), "unsubscribed"),
    **dict.fromkeys(("opt_out_time", "optout_time", "opted_out_at", "opt_out_date", "opted_out"), "unsubscribed"),
    **dict.fromkeys(("bounced_at", "bounce_date", "bounced"), "bounced"),
    **dict.fromkeys(("complained_at", "complaint_date", "complained"), "complained"),
}


class OriginName(StrEnum):
    """Where a list of readers comes from."""

    CSV = "csv"
    MAILCHIMP = "mailchimp"
    SUBSTACK = "substack"
    GHOST = "ghost"
    BUTTONDOWN = "buttondown"
    LISTMONK = "listmonk"


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """One program's way to write readers down.

    A header is of this program when it holds all titles of one of `telltales`. `columns` are its own
    titles beside the usual ones; `flags` are columns of true and false, with the state that each means.
    """

    name: OriginName
    title: str
    telltales: tuple[frozenset[str], ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    flags: Mapping[str, tuple[bool, str]] = field(default_factory=dict)


ORIGINS = (
    Origin(
        name=OriginName.MAILCHIMP,
        title="Mailchimp",
        telltales=(frozenset({"email_address", "member_rating"}), frozenset({"email_address", "leid", "euid"})),
        # TIMEZONE is where the last open came from; CC and REGION likewise.
        columns={"optin_time": "signed_up_at", "confirm_time": "confirmed_at"},
    ),
    Origin(
        name=OriginName.SUBSTACK,
        title="Substack",
        telltales=(
            frozenset({"email", "active_subscription", "expiry"}),
            frozenset({"email", "stripe_plan"}),
            frozenset({"email", "subscription_type", "start_date"}),
        ),
        columns={"start_date": "signed_up_at", "subscription_created_at": "signed_up_at"},
        flags={"email_disabled": (True, "email disabled")},
    ),
    Origin(
        name=OriginName.GHOST,
        title="Ghost",
        telltales=(frozenset({"email", "subscribed_to_emails"}),),
        flags={"subscribed_to_emails": (False, "unsubscribed"), "deleted_at": (True, "deleted")},
    ),
    Origin(
        name=OriginName.BUTTONDOWN,
        title="Buttondown",
        telltales=(
            frozenset({"email", "creation_date"}),
            frozenset({"email_address", "creation_date"}),
            frozenset({"email", "subscriber_type"}),
        ),
        columns={"creation_date": "signed_up_at", "type": "state", "subscriber_type": "state"},
    ),
    Origin(
        name=OriginName.LISTMONK,
        title="listmonk",
        telltales=(frozenset({"uuid", "email", "status"}),),
        columns={"subscription_status": "subscription_state"},
    ),
)
PLAIN = Origin(name=OriginName.CSV, title="CSV")
_BY_NAME = {origin.name: origin for origin in (PLAIN, *ORIGINS)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What a row comes to: the newcomer, the program's word for the state, and how the sign-up is known.

    `labels` are the words of the row that name no topic here.
    """

    newcomer: Newcomer
    state: str
    signed_up: str
    labels: tuple[str, ...]


def origin_named(name: str) -> Origin:
    """The origin a person names. Raises UsageError for any other word."""
    try:
        return _BY_NAME[OriginName(name.strip().lower())]
    except ValueError:
        known = ", ".join(OriginName)
        raise UsageError(f"--from {name[:40]}: there is no such origin. Choose one of: {known}.") from None


def origin_of(titles: Collection[str]) -> Origin:
    """The program that writes a header of `titles` (see `normal_title`); plain CSV when none is known to."""
    there = set(titles)
    return next((origin for origin in ORIGINS if any(marks <= there for marks in origin.telltales)), PLAIN)


def columns_of(titles: Sequence[str], origin: Origin) -> list[str | None]:
    """Our name of each column, None for one that means nothing here or repeats what we have already.

    What a plain file says twice of our own `COLUMNS` stays twice: a person has to say which one counts.
    """
    found: list[str | None] = []
    for title in titles:
        kept = title in origin.flags or title in LEAVING
        column = title if kept else origin.columns.get(title) or usual_column(title)
        is_again = column in found and (origin is not PLAIN or column not in COLUMNS)
        found.append(None if is_again else column)
    return found


def state_of_file(titles: Collection[str], file_name: str) -> str:
    """The state that all rows of a file have, by its header or its name; empty when the rows tell.

    Many programs write those who left into a file of their own.
    """
    by_header = next((state for title, state in _TITLES_OF_LEAVERS.items() if title in titles), "")
    stem = file_name.replace("\\", "/").rpartition("/")[2].casefold().replace("_", "-")
    by_name = (state for word, state in _LISTS_OF_LEAVERS.items() if stem.startswith(word))
    return by_header or next(by_name, "")


def read_row(cells: Mapping[str, str], origin: Origin, offer: Offer, now: datetime) -> Reading:
    """The row as a newcomer to this newsroom.

    In another program's file, a language or time zone we do not have is left out, since nobody chose it
    for us; a topic is chosen where a label is called like one. `now` is aware UTC.
    """
    words = cells.get("topics")
    topics = None if words is None else tuple(words.split(";"))
    labels = _labels(cells["labels"]) if cells.get("labels") else ()
    if labels:
        chosen = tuple(label for label in labels if label.casefold() in offer.topics)
        topics = (*(topics or ()), *chosen) if chosen else topics
        labels = tuple(label for label in labels if label not in chosen)
    language, zone = cells.get("language"), cells.get("time_zone")
    if origin is not PLAIN:
        language, zone = _offered_language(language, offer), _offered_zone(zone, offer)
    choices = Choices(
        name=_name(cells),
        language=language,
        time_zone=zone,
        rhythm=cells.get("rhythm"),
        hour=cells.get("hour"),
        topics=topics,
    )
    return Reading(
        newcomer=Newcomer(address=cells.get("address", ""), choices=choices),
        state=_state(cells, origin),
        signed_up=_signed_up(cells, now),
        labels=labels,
    )


def source_of(reading: Reading, origin: Origin, source: str) -> str:
    """Where a consent comes from, as its proof says: "Mailchimp, signed up 2021-03-04 11:22 UTC, import list.csv"."""
    if origin is PLAIN and not reading.signed_up:
        return source[:WIDEST_SOURCE]
    parts = ("" if origin is PLAIN else origin.title, reading.signed_up, source)
    return ", ".join(filter(None, parts))[:WIDEST_SOURCE]


def read_moment(text: str, now: datetime) -> datetime | None:
    """The ISO 8601 moment in `text` in aware UTC, or None for another way to write it, and for no sane date.

    Without a zone it is taken for UTC, which the programs we know write.
    """
    try:
        moment = datetime.fromisoformat(text.removesuffix(" UTC"))
    except ValueError:
        return None
    try:
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    return moment if moment.year >= _FIRST_YEAR and moment <= now else None


def _name(cells: Mapping[str, str]) -> str | None:
    whole, given, family = cells.get("name"), cells.get("given_name"), cells.get("family_name")
    if whole or (given is None and family is None):
        return whole
    return " ".join(filter(None, (given, family)))


def _state(cells: Mapping[str, str], origin: Origin) -> str:
    # Asked of every row, and hardly any file has such a column.
    if not LEAVING.keys().isdisjoint(cells):
        for column, state in LEAVING.items():
            said = cells.get(column, "").strip().casefold()
            if said and said not in _FALSE:
                return state
    for column, (value, state) in origin.flags.items():
        said = cells.get(column, "").casefold()
        if said and (said not in _FALSE) is value:
            return state
    of_list = cells.get("subscription_state", "")
    if of_list.casefold() == "unsubscribed" or (of_list and cells.get("state", "").casefold() == "enabled"):
        return of_list
    return cells.get("state", "")


def _signed_up(cells: Mapping[str, str], now: datetime) -> str:
    if not (cells.get("signed_up_at") or cells.get("confirmed_at")):
        return ""
    parts = []
    for column, verb in (("signed_up_at", "signed up"), ("confirmed_at", "confirmed")):
        text = cells.get(column)
        moment = read_moment(text, now) if text else None
        if moment is not None:
            parts.append(f"{verb} {moment:%Y-%m-%d %H:%M} UTC")
    return ", ".join(parts)


def _labels(text: str) -> tuple[str, ...]:
    """The words in a cell of labels, whichever way they are set apart: a;b  a,b  "a","b"  ["a", "b"]."""
    text = text.strip().removeprefix("[").removesuffix("]")
    words = next(csv.reader([text], skipinitialspace=True), []) if '"' in text else _LIST_MARKS.split(text)
    return tuple(dict.fromkeys(word.strip(" '\"") for word in words if word.strip(" '\"")))


def _offered_language(text: str | None, offer: Offer) -> str | None:
    tag = (text or "").strip().lower().replace("_", "-")
    while tag and tag not in offer.languages:
        tag = tag.rpartition("-")[0]
    return tag or None


def _offered_zone(text: str | None, offer: Offer) -> str | None:
    try:
        return settle(Choices(time_zone=text), offer=offer).time_zone if text else None
    except UsageError:
        return None
