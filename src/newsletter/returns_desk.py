"""The returns' desk: what comes back is read, matched to a reader by our own signature, and acted on.

Called by `newsletter bounce`, by the mailboxes that `serve` looks into, and by providers' hooks. Each report is one
transaction, and is written down before anybody is told that it was taken.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from newsletter.delivery.bounces import Failure, Report, ReportKind, Weight, read_report
from newsletter.delivery.words import fit_for_books
from newsletter.editions.news import News, NewsKind
from newsletter.errors import StoreBusy, UsageError
from newsletter.model import EditionId, SubscriberId
from newsletter.owner_desk import OwnerDesk
from newsletter.store import Store
from newsletter.store.bounces import (
    KEPT,
    NewBounce,
    StoredBounce,
    bounce_by_id,
    bounce_is_known,
    count_kept,
    forget_bounces,
    insert_bounce,
    list_bounces,
    policy_reports,
    set_outcome,
    settle_unknown,
    was_mailed,
)
from newsletter.store.editions import edition_by_id
from newsletter.store.progress import pause_edition
from newsletter.store.subscribers import address_key_of
from newsletter.subscribers import Keys, Purpose, parse_address, read_bounce_token, read_token
from newsletter.subscribers.returned import (
    Done,
    Patience,
    Proven,
    count_soft,
    end_asked,
    end_complained,
    end_dead,
    end_soft,
)

# What a person may have to read at most, before reports stay where they came from.
MOST_KEPT = 10_000
KEPT_OCTETS = 256 * 1024
ANSWERS_KEPT = timedelta(days=90)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReturnsTools:
    """What the returns' desk works with; `records` are the DNS records to publish, as lines of a zone file."""

    store: Store
    keys: Keys
    clock: Callable[[], datetime]
    owner: OwnerDesk
    patience: Patience
    policy: int
    records: Callable[[], Sequence[str]] = tuple


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """What a report was about and what was done; `id` is None for one that was taken before."""

    kind: ReportKind
    done: Done
    id: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """A report as far as it was understood, whoever brought it; `reader` only where it is proven whose it is."""

    key: str
    kind: ReportKind
    source: str
    weight: Weight = Weight.SOFT
    reader: SubscriberId | None = None
    edition: EditionId | None = None
    status: str = ""
    diagnostic: str = ""
    message: bytes | None = None


class ReturnsDesk:
    """Takes reports and shows them; every method is safe to repeat."""

    def __init__(self, tools: ReturnsTools) -> None:
        """Stand ready."""
        self._tools = tools
        self._store = tools.store

    def take(self, message: bytes, recipients: Sequence[str] = (), *, source: str) -> Taken:
        """A message that came back to the bounce domain, read and acted on; `recipients` are those of its envelope.

        Once this returns, it is written down. The same octets a second time change nothing. Raises StoreError, and
        StoreBusy while too many reports wait for a person: the message should stay where it is then.
        """
        report = read_report(message, recipients=recipients)
        # Mailboxes on disk and servers end lines differently.
        key = hashlib.sha256(message.replace(b"\r\n", b"\n")).hexdigest()
        with self._store.writing() as connection:
            heard = self._understood(connection, report, key, source)
            return self.settle(connection, replace(heard, message=message))

    def settle(self, connection: Connection, heard: Heard) -> Taken:
        """Write a report down and do what follows from it, in the caller's transaction."""
        if bounce_is_known(connection, heard.key):
            return Taken(kind=heard.kind, done=Done.NOTED, id=None)
        done = self._first_thought(heard)
        is_kept = done.value in KEPT and heard.message is not None
        if is_kept and count_kept(connection) >= MOST_KEPT:
            raise StoreBusy(
                f"{MOST_KEPT:,} reports wait for you, and no more are taken. See: newsletter bounces list --kept"
            )
        is_bounce = heard.kind is ReportKind.BOUNCE
        bounce_id = insert_bounce(
            connection,
            NewBounce(
                report_key=heard.key,
                kind=heard.kind.value,
                weight=heard.weight.value if is_bounce and heard.reader is not None else "",
                subscriber_id=heard.reader,
                edition_id=heard.edition,
                status=heard.status[:16],
                diagnostic=heard.diagnostic,
                source=heard.source[:64],
                outcome=done.value,
                at=self._tools.clock(),
                message=heard.message[:KEPT_OCTETS] if is_kept and heard.message is not None else None,
            ),
        )
        if bounce_id is None:
            # Another process took it while we looked.
            return Taken(kind=heard.kind, done=Done.NOTED, id=None)
        if heard.reader is not None:
            done = self._act(connection, heard, heard.reader)
            set_outcome(connection, bounce_id, done.value)
        return Taken(kind=heard.kind, done=done, id=bounce_id)

    def list(self, *, kept: bool = False, limit: int = 50) -> list[StoredBounce]:
        """The latest reports, newest first; with `kept` those that wait for a person."""
        with self._store.reading() as connection:
            return list_bounces(connection, outcomes=KEPT if kept else (), limit=limit)

    def show(self, bounce_id: int) -> tuple[StoredBounce, bytes | None]:
        """One report, with its message where it is kept. Raises UsageError for a number there is not."""
        with self._store.reading() as connection:
            found = bounce_by_id(connection, bounce_id)
        if found is None:
            raise UsageError(f"There is no report {bounce_id}. See: newsletter bounces list")
        return found

    def close(self, bounce_id: int) -> StoredBounce:
        """Say that a person has dealt with a report: it waits no more, and its message is forgotten."""
        found, _ = self.show(bounce_id)
        with self._store.writing() as connection:
            set_outcome(connection, bounce_id, Done.SETTLED.value, keep_message=False)
        return replace(found, outcome=Done.SETTLED.value)

    def tidy(self) -> int:
        """End the mail of readers whose mailboxes failed too often, forget old answers of machines; gives how many."""
        now = self._tools.clock()
        with self._store.writing() as connection:
            forget_bounces(connection, before=now - ANSWERS_KEPT)
            return end_soft(connection, self._tools.patience, keys=self._tools.keys, now=now)

    def _understood(self, connection: Connection, report: Report, key: str, source: str) -> Heard:
        """Whose report it is, by the first token that we signed for a message that may have left."""
        heard = Heard(key=key, kind=report.kind, source=source)
        for token in report.bounce_tokens:
            named = read_bounce_token(self._tools.keys, token)
            if named is not None and was_mailed(connection, named.edition_id, named.subscriber_id):
                heard = replace(heard, reader=named.subscriber_id, edition=named.edition_id)
                break
        if heard.reader is None and report.kind in (ReportKind.LEAVING, ReportKind.COMPLAINT):
            readers = (read_token(self._tools.keys, one, Purpose.UNSUBSCRIBE) for one in report.leaving_tokens)
            heard = replace(heard, reader=next((one for one in readers if one is not None), None))
        return self._with_failure(connection, heard, report.failures)

    def _with_failure(self, connection: Connection, heard: Heard, failures: Sequence[Failure]) -> Heard:
        """With the failure that speaks of the reader, or the first one.

        A mailbox elsewhere, to which the reader's forwards, may be one of several: that it is dead is worth no more
        than a soft bounce.
        """
        if not failures:
            return heard
        address = "" if heard.reader is None else address_key_of(connection, heard.reader) or ""
        mine = [one for one in failures if not one.address or _key(one.address) == address]
        chosen = (mine or list(failures))[0]
        weight = chosen.weight
        if not mine and weight is Weight.HARD and (len(failures) > 1 or _domain(chosen.address) != _domain(address)):
            weight = Weight.SOFT
        diagnostic = fit_for_books(fit_for_books(chosen.diagnostic, address), chosen.address)
        return replace(heard, weight=weight, status=chosen.status, diagnostic=diagnostic)

    def _first_thought(self, heard: Heard) -> Done:
        if heard.kind is ReportKind.UNCLEAR:
            return Done.KEPT
        if heard.kind in (ReportKind.AUTO_REPLY, ReportKind.DELAYED):
            return Done.NOTED
        return Done.UNPROVEN if heard.reader is None else Done.NOTED

    def _act(self, connection: Connection, heard: Heard, reader: SubscriberId) -> Done:
        tools = self._tools
        source = f"{heard.kind.value} by {heard.source}"
        report = Proven(reader=reader, edition=heard.edition, status=heard.status, source=source, at=tools.clock())
        match heard.kind:
            case ReportKind.COMPLAINT:
                return end_complained(connection, report, keys=tools.keys)
            case ReportKind.LEAVING:
                return end_asked(connection, report)
            case ReportKind.BOUNCE:
                return self._act_on_bounce(connection, heard, report)
            case ReportKind.UNCLEAR:
                return Done.KEPT
        return Done.NOTED

    def _act_on_bounce(self, connection: Connection, heard: Heard, report: Proven) -> Done:
        tools = self._tools
        if heard.edition is not None:
            settle_unknown(connection, heard.edition, report.reader)
        if heard.weight is Weight.HARD:
            return end_dead(connection, report, keys=tools.keys)
        if heard.weight is Weight.SOFT:
            return count_soft(connection, report, patience=tools.patience, keys=tools.keys)
        if heard.edition is not None:
            self._heed_policy(connection, heard.edition, heard.diagnostic)
        return Done.NOTED

    def _heed_policy(self, connection: Connection, edition_id: EditionId, words: str) -> None:
        """Pause an edition that several servers refuse for our sake, and tell the owner which records help."""
        number = policy_reports(connection, edition_id)
        edition = edition_by_id(connection, edition_id)
        if number < self._tools.policy or edition is None:
            return
        reason = f"{number} mail servers refuse it for our sake; one says: {words}"
        pause_edition(connection, edition_id, reason=fit_for_books(reason), now=self._tools.clock())
        news = News(
            kind=NewsKind.POLICY,
            dedupe_key=f"policy:{edition_id}",
            what=edition.subject,
            reason=reason,
            text="\n".join(self._tools.records()),
        )
        self._tools.owner.post(connection, news)


def _key(address: str) -> str:
    try:
        return parse_address(address).key
    except UsageError:
        return ""


def _domain(address: str) -> str:
    return address.rpartition("@")[2].casefold()
