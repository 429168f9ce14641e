"""The readers' desk: what readers do by themselves, one method per wish.

Built by `newsroom.py`, called by the web door from several threads at once. Rooms say which notice is
wanted; here it becomes a message and is stored in the same transaction. Addresses go out masked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from newsletter import subscribers
from newsletter.answers import Explanation
from newsletter.errors import UsageError
from newsletter.feeds_desk import FeedsDesk, FeedTools
from newsletter.mail import compose_notice
from newsletter.model import Masthead, Subscriber, SubscriberId
from newsletter.site import Press
from newsletter.store import Store, overview
from newsletter.store.bounces import bounces_of
from newsletter.store.feed_readers import forget_feed_readers
from newsletter.store.notices import NewNotice, delete_settled_notices, insert_notice
from newsletter.store.suppressions import suppression_of
from newsletter.store.traffic import forget_traffic
from newsletter.subscribers import Answer, Choices, ConfirmationView, PreferencesView, ReaderOfToken, SignUpForm
from newsletter.subscribers.agreements import Agreement, address_asked, agree, agreement_of
from newsletter.subscribers.forms import ConfirmationState
from newsletter.subscribers.notice_words import notice_text
from newsletter.subscribers.pauses import pause
from newsletter.subscribers.preferences import save, view_of
from newsletter.subscribers.private_feeds import has_private_feed
from newsletter.subscribers.sign_ups import ask_address_change, ask_return, sign_up
from newsletter.subscribers.tokens import preferences_token, read_confirm_token, read_preferences_token
from newsletter.subscribers.wanted import Asking, NoticeWanted

NOTICES_KEPT = timedelta(days=30)
TRAFFIC_KEPT = timedelta(days=400)  # of mail and of feed readers; longer than any warm-up looks back


@dataclass(frozen=True, kw_only=True, slots=True)
class DeskTools:
    """What the readers' desk works with; `told` is called after a notice was stored, so that it goes out at once."""

    store: Store
    keys: subscribers.Keys
    masthead: Masthead
    templates: Mapping[str, str]
    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    asking: Asking
    press: Press
    random: Callable[[int], bytes]
    newcomers: Mapping[str, int] = field(default_factory=dict)
    told: Callable[[], None] = lambda: None


class ReadersDesk:
    """A reader's wishes by link and by form. Every method but the `…_of` is one transaction and safe to repeat.

    `feeds` is the private feeds' desk.
    """

    def __init__(self, tools: DeskTools) -> None:
        """Stand ready."""
        self._tools = tools
        self.feeds = FeedsDesk(
            FeedTools(
                store=tools.store,
                press=tools.press,
                random=tools.random,
                intake=self._intake,
                chooser=self._chooser,
            )
        )

    # Leaving, and coming back.

    def reader_of(self, token: str) -> ReaderOfToken | None:
        """Whose unsubscribe link carries `token`; None for one that was never signed. Writes nothing."""
        reader = self._leaver(token)
        found = None if reader is None else subscribers.find_by_id(self._tools.store, reader)
        return None if found is None else _of_token(found)

    def unsubscribe(self, token: str, *, source: str) -> ReaderOfToken | None:
        """End the subscription behind `token` at once, also for queued mail, and say whose it was."""
        reader = self._leaver(token)
        if reader is None:
            return None
        left = subscribers.unsubscribe(self._tools.store, reader, source=source, now=self._tools.clock())
        return None if left is None else _of_token(left.subscriber)

    def ask_return(self, token: str) -> ReaderOfToken | None:
        """Have a notice sent to a reader who left, with a link to come back; the same answer past the limits."""
        reader = self._leaver(token)
        if reader is None:
            return None
        ask_return(self._tools.store, reader, intake=self._intake(), asking=self._tools.asking, post=self._post)
        self._tools.told()
        return self.reader_of(token)

    # Coming in.

    def sign_up(self, form: SignUpForm) -> Answer:
        """Take a sign-up: the same answer in the same time for an address that is new, known or suppressed."""
        asking = self._tools.asking
        answer = sign_up(self._tools.store, form, intake=self._intake(), asking=asking, post=self._post)
        self._tools.told()
        return answer

    def confirmation_of(self, token: str) -> ConfirmationView | None:
        """What the confirm link with `token` stands for. Writes nothing."""
        confirmation = self._asked(token)
        found = None if not confirmation else agreement_of(self._tools.store, confirmation, now=self._tools.clock())
        return None if found is None else self._confirmation(found)

    def confirm(self, token: str, *, ip: str | None = None) -> ConfirmationView | None:
        """Do what the confirm link stands for; the state says whether it is done or came too late."""
        confirmation = self._asked(token)
        if not confirmation:
            return None
        store, asking = self._tools.store, self._tools.asking
        done = agree(store, confirmation, ip=ip, intake=self._intake(), asking=asking, post=self._post)
        self._tools.told()
        return None if done is None else self._confirmation(done)

    # Choosing.

    def preferences_of(self, token: str) -> PreferencesView | None:
        """What the reader of a preferences link chose. Writes nothing."""
        found = self._chooser(token)
        return None if found is None else self._view(found)

    def save_preferences(self, token: str, choices: Choices) -> tuple[Answer, PreferencesView] | None:
        """Keep what the reader chose; nothing of it when one choice is odd."""
        found = self._chooser(token)
        if found is None:
            return None
        try:
            saved, answer = save(self._tools.store, found.id, choices, intake=self._intake()), Answer.TAKEN
        except UsageError:
            saved, answer = found, Answer.ODD_CHOICE
        return None if saved is None else (answer, self._view(saved))

    def pause(self, token: str, *, weeks: int, catch_up: bool = False) -> PreferencesView | None:
        """Send nothing for 1 to 26 `weeks`, or end the pause with 0; with `catch_up` what is missed is owed."""
        found = self._chooser(token)
        if found is None:
            return None
        paused = pause(self._tools.store, found.id, weeks=weeks, catch_up=catch_up, intake=self._intake())
        return None if paused is None else self._view(paused)

    def ask_address_change(self, token: str, address: str) -> Answer | None:
        """Have a notice sent to the new `address`, whose link moves the subscription there."""
        found = self._chooser(token)
        if found is None:
            return None
        store, asking = self._tools.store, self._tools.asking
        answer = ask_address_change(store, found.id, address, intake=self._intake(), asking=asking, post=self._post)
        self._tools.told()
        return answer

    def data_of(self, token: str) -> bytes | None:
        """Everything we hold about the reader, as JSON in UTF-8 (GDPR art. 15, 20)."""
        found = self._chooser(token)
        if found is None:
            return None
        data = subscribers.data_of(self._tools.store, found.address, keys=self._tools.keys)
        return json.dumps(data, ensure_ascii=False, indent=2).encode()

    def erase(self, token: str) -> bool:
        """Forget the reader but for a keyed hash (GDPR art. 17); False for a token of nobody."""
        found = self._chooser(token)
        if found is None:
            return False
        tools = self._tools
        subscribers.erase(tools.store, found.address, keys=tools.keys, source="preferences page", now=tools.clock())
        return True

    # Housekeeping.

    def tidy(self) -> None:
        """Forget who never confirmed, network addresses and counts whose time is over, and notices sent a month ago."""
        now = self._tools.clock()
        subscribers.expire_pending(self._tools.store, now=now)
        with self._tools.store.writing() as connection:
            delete_settled_notices(connection, now - NOTICES_KEPT)
            forget_traffic(connection, before=now - TRAFFIC_KEPT)
            forget_feed_readers(connection, before=(now - TRAFFIC_KEPT).date())

    # Whose link it is.

    def _asked(self, token: str) -> int | None:
        store = self._tools.store
        return read_confirm_token(self._tools.keys, token, lambda named: address_asked(store, named))

    def _leaver(self, token: str) -> SubscriberId | None:
        return subscribers.read_token(self._tools.keys, token, subscribers.Purpose.UNSUBSCRIBE)

    def _chooser(self, token: str) -> Subscriber | None:
        """The reader whose present preferences link carries `token`; read once, for its version and its row."""
        read: list[Subscriber] = []

        def version_of(named: SubscriberId) -> int | None:
            found = subscribers.find_by_id(self._tools.store, named)
            if found is None:
                return None
            read.append(found)
            return found.token_version

        reader = read_preferences_token(self._tools.keys, token, version_of)
        return read[0] if reader is not None and read else None

    def _view(self, reader: Subscriber) -> PreferencesView:
        tools = self._tools
        return view_of(reader, keys=tools.keys, has_private_feed=has_private_feed(tools.store, reader))

    def _confirmation(self, found: Agreement) -> ConfirmationView:
        reader, preferences = found.subscriber, ""
        # Not for a mailbox the subscription has left since: its links ended with the move.
        if found.state is ConfirmationState.DONE and found.address == reader.address:
            preferences = preferences_token(self._tools.keys, reader.id, reader.token_version)
        return ConfirmationView(
            kind=found.kind,
            state=found.state,
            address=subscribers.mask(found.address),
            language=reader.language,
            rhythm=found.rhythm,
            preferences=preferences,
        )

    def _intake(self) -> subscribers.Intake:
        tools = self._tools
        return subscribers.Intake(
            keys=tools.keys,
            masthead=tools.masthead,
            now=tools.clock(),
            new_uid=tools.new_id,
            newcomers=tools.newcomers,
        )

    # Notices.

    def _post(self, connection: Connection, wanted: NoticeWanted, keep: bool) -> None:
        """Put a notice into words and, with `keep`, store it in the connection's transaction."""
        tools, now = self._tools, self._tools.clock()
        text = notice_text(wanted, masthead=tools.masthead)
        uid = f"notice-{tools.new_id()}"
        message = compose_notice(tools.templates, text, masthead=tools.masthead, now=now, message_uid=uid)
        if keep:
            insert_notice(
                connection,
                NewNotice(
                    kind=wanted.kind,
                    to_address=wanted.to_address,
                    subscriber_id=wanted.subscriber_id,
                    dedupe_key=wanted.dedupe_key,
                    message=message,
                    not_before=now,
                    expires_at=wanted.expires_at,
                ),
            )


def _of_token(reader: Subscriber) -> ReaderOfToken:
    return ReaderOfToken(address=subscribers.mask(reader.address), language=reader.language, state=reader.state)


def explain(store: Store, keys: subscribers.Keys, address: str, *, limit: int, now: datetime) -> Explanation:
    """What a person got, when, and why not: the latest `limit` editions. Writes nothing."""
    subscriber = subscribers.find(store, address)
    key = subscribers.suppression_key(keys, subscribers.parse_address(address).key)
    with store.reading() as connection:
        suppression = suppression_of(connection, key)
        suppressed = None if suppression is None else suppression.reason
        lines = overview.editions_for_reader(connection, subscriber.id, limit=limit) if subscriber else []
        reports = bounces_of(connection, subscriber.id, limit=limit) if subscriber else []
    reads_feed = subscriber is not None and has_private_feed(store, subscriber)
    return Explanation(
        subscriber=subscriber,
        suppressed=suppressed,
        would_get=subscribers.prospects(subscriber, suppressed=suppressed, now=now, has_private_feed=reads_feed),
        editions=tuple(lines),
        suppression=suppression,
        reports=tuple(reports),
    )
