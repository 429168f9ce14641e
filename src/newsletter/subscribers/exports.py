"""The readers as a file: CSV for spreadsheets and for `imports`, or JSON lines.

Comes in: a store and a filter. Goes out: text, line by line, in order of sign-up.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from enum import StrEnum

from newsletter.model import Subscriber, SubscriberId
from newsletter.store import Store
from newsletter.store.consents import given_wordings
from newsletter.store.subscribers import SubscriberFilter, page_of_subscribers
from newsletter.subscribers.spreadsheets import plain_cell

EXPORTED = ("address", "name", "state", "language", "time_zone", "rhythm", "hour", "topics", "consent", "joined_at")

_PAGE_ROWS = 1_000


class ExportForm(StrEnum):
    """How the readers are written down."""

    CSV = "csv"
    JSON_LINES = "jsonl"


def export_rows(
    store: Store,
    wanted: SubscriberFilter | None = None,
    *,
    form: ExportForm = ExportForm.CSV,
    raw: bool = False,
) -> Iterator[str]:
    """The subscribers as lines with their ends; CSV begins with a header.

    Times are ISO 8601 in UTC; topics are separated by semicolons in CSV. Every CSV cell is quoted and
    kept from being a formula, but with `raw`. Reads pages of 1,000, each as it is at that moment.
    """
    if form is ExportForm.CSV:
        yield _csv_line(EXPORTED, raw=raw)
    after = SubscriberId(0)
    while True:
        with store.reading() as connection:
            page = page_of_subscribers(connection, wanted or SubscriberFilter(), after=after, limit=_PAGE_ROWS)
            wordings = given_wordings(connection, [subscriber.id for subscriber in page])
        if not page:
            return
        after = page[-1].id
        for subscriber in page:
            record = _record(subscriber, wordings.get(subscriber.id, ""))
            if form is ExportForm.JSON_LINES:
                yield json.dumps(record, ensure_ascii=False) + "\n"
            else:
                yield _csv_line(tuple(_cell(record[column]) for column in EXPORTED), raw=raw)


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
