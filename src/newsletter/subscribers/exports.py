"""The readers as a file: CSV for spreadsheets and for `imports`, JSON lines, or as another program expects them.

Comes in: a store and a filter. Goes out: text, line by line, in order of sign-up.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import StrEnum

from newsletter.model import Subscriber, SubscriberId, SubscriberState
from newsletter.store import Store
from newsletter.store.consents import given_wordings
from newsletter.store.subscribers import SubscriberFilter, page_of_subscribers
from newsletter.subscribers.spreadsheets import plain_cell

EXPORTED = ("address", "name", "state", "language", "time_zone", "rhythm", "hour", "topics", "consent", "joined_at")

_PAGE_ROWS = 1_000


class ExportForm(StrEnum):
    """How the readers are written down: with everything, or with what one program takes."""

    CSV = "csv"
    JSON_LINES = "jsonl"
    MAILCHIMP = "mailchimp"
    SUBSTACK = "substack"
    GHOST = "ghost"
    BUTTONDOWN = "buttondown"
    LISTMONK = "listmonk"


# The columns of a program by its own titles, with the word of ours that goes in; None for an empty cell.
_SHAPES: Mapping[ExportForm, Mapping[str, str | None]] = {
    ExportForm.CSV: {column: column for column in EXPORTED},
    ExportForm.MAILCHIMP: {"Email Address": "address", "First Name": "name", "Tags": "labels"},
    ExportForm.SUBSTACK: {"email": "address", "name": "name"},
    ExportForm.GHOST: {
        "email": "address",
        "name": "name",
        "note": None,
        "subscribed_to_emails": "state",
        "complimentary_plan": None,
        "stripe_customer_id": None,
        "created_at": "joined_at",
        "labels": "labels",
    },
    ExportForm.BUTTONDOWN: {"email": "address", "tags": "labels", "creation_date": "joined_at", "type": "state"},
    ExportForm.LISTMONK: {"email": "address", "name": "name", "attributes": "attributes", "status": "state"},
}
# What each program calls our states; whoever cannot say that somebody left gets active readers only.
_STATES: Mapping[ExportForm, Mapping[SubscriberState, str]] = {
    ExportForm.GHOST: {state: "true" if state is SubscriberState.ACTIVE else "false" for state in SubscriberState},
    ExportForm.BUTTONDOWN: {
        SubscriberState.PENDING: "unactivated",
        SubscriberState.ACTIVE: "regular",
        SubscriberState.UNSUBSCRIBED: "unsubscribed",
        SubscriberState.BOUNCED: "undeliverable",
        SubscriberState.COMPLAINED: "complained",
    },
    ExportForm.LISTMONK: {
        SubscriberState.PENDING: "disabled",
        SubscriberState.ACTIVE: "enabled",
        SubscriberState.UNSUBSCRIBED: "blocklisted",
        SubscriberState.BOUNCED: "blocklisted",
        SubscriberState.COMPLAINED: "blocklisted",
    },
}


def export_rows(
    store: Store,
    wanted: SubscriberFilter | None = None,
    *,
    form: ExportForm = ExportForm.CSV,
    raw: bool = False,
) -> Iterator[str]:
    """The subscribers as lines with their ends; CSV, in whichever columns, begins with a header.

    Times are ISO 8601 in UTC; topics are separated by semicolons in CSV. Every CSV cell is quoted and
    kept from being a formula, but with `raw`. Mailchimp and Substack have no column for a state: without
    one in `wanted` they get active readers only. Reads pages of 1,000, each as it is at that moment.
    """
    wanted = wanted or SubscriberFilter()
    if form in _SHAPES and "state" not in _SHAPES[form].values() and wanted.state is None:
        wanted = replace(wanted, state=SubscriberState.ACTIVE)
    if form in _SHAPES:
        yield _csv_line(tuple(_SHAPES[form]), raw=raw)
    after = SubscriberId(0)
    while True:
        with store.reading() as connection:
            page = page_of_subscribers(connection, wanted, after=after, limit=_PAGE_ROWS)
            wordings = given_wordings(connection, [subscriber.id for subscriber in page])
        if not page:
            return
        after = page[-1].id
        for subscriber in page:
            record = _record(subscriber, wordings.get(subscriber.id, ""))
            if form is ExportForm.JSON_LINES:
                yield json.dumps(record, ensure_ascii=False) + "\n"
            else:
                yield _csv_line(_cells(record, form), raw=raw)


def _cells(record: Mapping[str, object], form: ExportForm) -> tuple[str, ...]:
    if form in _STATES:
        record = {**record, "state": _STATES[form][SubscriberState(str(record["state"]))]}
    topics = record["topics"]
    extras = {"labels": ",".join(topics) if isinstance(topics, list) else "", "attributes": _attributes(record)}
    return tuple("" if column is None else _cell({**record, **extras}[column]) for column in _SHAPES[form].values())


def _attributes(record: Mapping[str, object]) -> str:
    kept = {name: record[name] for name in ("language", "time_zone", "rhythm", "topics")}
    return json.dumps(kept, ensure_ascii=False)


def _record(subscriber: Subscriber, consent: str) -> dict[str, object]:
    return {
        "address": subscriber.address,
        "name": subscriber.name,
        "state": subscriber.state.value,
        "language": subscriber.language,
        "time_zone": subscriber.time_zone,
        "rhythm": subscriber.rhythm,
        "hour": subscriber.hour,
        "topics": list(subscriber.topics),
        "consent": consent,
        "joined_at": subscriber.joined_at.isoformat(),
    }


def _cell(value: object) -> str:
    if isinstance(value, list):
        return ";".join(value)
    return "" if value is None else str(value)


def _csv_line(cells: tuple[str, ...], *, raw: bool) -> str:
    line = io.StringIO()
    # All cells are quoted: a spreadsheet that splits at semicolons would else find a formula in "a;=1+1".
    writer = csv.writer(line, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(cells if raw else [plain_cell(cell) for cell in cells])
    return line.getvalue()
