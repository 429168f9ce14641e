"""A reader asks to come in, to move to another address, or to come back: each is agreed to from the mailbox.

Comes in: a form or a wish. Goes out: `Answer`, which never tells whether an address was known, and
notices through `post`. The same steps are taken for every address, so that the time tells nothing
either. Called by the desk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from newsletter.errors import UsageError
from newsletter.model import Subscriber, SubscriberId, SubscriberState
from newsletter.store import Store
from newsletter.store.confirmations import (
    asked_since,
    count_notice,
    delete_expired_pending,
    insert_confirmation,
    notices_asked_for,
)
from newsletter.store.consents import forget_network_addresses
from newsletter.store.meta import add_event
from newsletter.store.subscribers import (
    hold_sequence,
    insert_subscribers,
    subscriber_by_id,
    subscriber_by_key,
)
from newsletter.store.suppressions import suppressed_among
from newsletter.store.wordings import wording_ids
from newsletter.subscribers.addresses import ValidAddress, parse_address
from newsletter.subscribers.choices import (
    MAX_WORDING_CHARACTERS,
    Settings,
    offer_of,
    plain_text,
    refuse_unoffered,
    settle,
)
from newsletter.subscribers.forms import Answer, ConfirmationKind, SignUpForm
from newsletter.subscribers.newcomers import Intake
from newsletter.subscribers.tokens import confirm_token, preferences_token, suppression_key
from newsletter.subscribers.wanted import LEFT_ALONE, MOST_NOTICES, NOTICE_EVERY, Asking, NoticeKind, NoticeWanted, Post

MAX_PAGE_CHARACTERS = 512


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """Who is asked to agree to what; `language` is that of the notice."""

    kind: ConfirmationKind
    address: ValidAddress
    language: str
    choices: Mapping[str, object]
    wording: tuple[str, str] = ("", "")
    page: str = ""
    ip: str | None = None


def sign_up(store: Store, form: SignUpForm, *, intake: Intake, asking: Asking, post: Post) -> Answer:
    """Take a sign-up: a new reader is pending until the button behind the notice's link is pressed.

    An active reader is told so in a notice, one who left is asked to come back with the new choices, and
    an address that bounced, complained or is suppressed gets nothing. One transaction.
    """
    try:
        address = parse_address(form.address)
    except UsageError:
        return Answer.ODD_ADDRESS
    try:
        refuse_unoffered(form.choices, intake.masthead)
        settings = settle(form.choices, offer=offer_of(intake.masthead))
        wording = plain_text(" ".join(form.wording.split()), "consent", MAX_WORDING_CHARACTERS)
    except (UsageError, ValueError):
        return Answer.ODD_CHOICE
    asked = _Asked(
        kind=ConfirmationKind.SUBSCRIBE,
        address=address,
        language=settings.language,
        choices=asdict(settings),
        wording=(form.wording_language, wording),
        page=form.page[:MAX_PAGE_CHARACTERS],
        ip=form.ip if asking.keep_ip else None,
    )
    with store.writing() as connection:
        _tidy(connection, intake.now)
        if asked_since(connection, intake.now - timedelta(hours=1)) >= asking.notices_per_hour:
            return Answer.TOO_MANY
        subscriber = subscriber_by_key(connection, address.key, to_change=True)
        may = _may_be_asked(connection, address, intake) and (subscriber is None or subscriber.state not in LEFT_ALONE)
        if subscriber is None and may:
            subscriber = _write_pending(connection, address, settings, intake=intake, asking=asking)
        if subscriber is not None and subscriber.state is SubscriberState.ACTIVE:
            _tell(connection, subscriber, NoticeKind.ALREADY, post=post, intake=intake, keep=may, asking=asking)
        else:
            _ask(connection, subscriber, asked, post=post, intake=intake, asking=asking if may else None)
        # Written for every address alike: without it, those who get no notice would be answered sooner.
        add_event(connection, "sign up", ("newsroom", None), now=intake.now)
    return Answer.TAKEN


def ask_address_change(
    store: Store, subscriber_id: SubscriberId, address: str, *, intake: Intake, asking: Asking, post: Post
) -> Answer:
    """Ask at the new address whether the subscription may move there; nothing changes before.

    The same answer when somebody has that address already, or it is suppressed. One transaction.
    """
    try:
        new = parse_address(address)
    except UsageError:
        return Answer.ODD_ADDRESS
    with store.writing() as connection:
        if asked_since(connection, intake.now - timedelta(hours=1)) >= asking.notices_per_hour:
            return Answer.TOO_MANY
        subscriber = subscriber_by_id(connection, subscriber_id, to_change=True)
        if subscriber is None or subscriber.state is not SubscriberState.ACTIVE:
            return Answer.TAKEN
        free = subscriber_by_key(connection, new.key) is None and _may_be_asked(connection, new, intake)
        asked = _Asked(kind=ConfirmationKind.ADDRESS, address=new, language=subscriber.language, choices={})
        _ask(connection, subscriber, asked, post=post, intake=intake, asking=asking if free else None)
        add_event(connection, "ask address", ("subscribers", subscriber.id), now=intake.now)
    return Answer.TAKEN


def ask_return(store: Store, subscriber_id: SubscriberId, *, intake: Intake, asking: Asking, post: Post) -> None:
    """Ask at the mailbox of a reader who left whether it was a mistake.

    Whoever has a forwarded email can thereby take nobody back in. Nothing for a reader in any other
    state, nor past the limits. One transaction.
    """
    with store.writing() as connection:
        subscriber = subscriber_by_id(connection, subscriber_id, to_change=True)
        if subscriber is None or subscriber.state is not SubscriberState.UNSUBSCRIBED:
            return
        address = parse_address(subscriber.address)
        if not _may_be_asked(connection, address, intake):
            return
        asked = _Asked(kind=ConfirmationKind.RETURN, address=address, language=subscriber.language, choices={})
        _ask(connection, subscriber, asked, post=post, intake=intake, asking=asking)
        add_event(connection, "ask return", ("subscribers", subscriber.id), now=intake.now)


def expire_pending(store: Store, *, now: datetime) -> int:
    """Forget those who never confirmed, and network addresses whose time is over; gives how many were forgotten.

    At most a thousand a call. `now` is aware UTC. One transaction; safe to repeat.
    """
    with store.writing() as connection:
        return _tidy(connection, now)


def _tidy(connection: Connection, now: datetime) -> int:
    """Forget who never confirmed, and network addresses whose time is over."""
    forget_network_addresses(connection, now)
    return delete_expired_pending(connection, now)


def _may_be_asked(connection: Connection, address: ValidAddress, intake: Intake) -> bool:
    """Whether a notice may go to `address`: not suppressed, not asked today, and not three times before."""
    key = suppression_key(intake.keys, address.key)
    suppressed = bool(suppressed_among(connection, [key]))
    number, last_at = notices_asked_for(connection, key)
    rested = last_at is None or last_at <= intake.now - NOTICE_EVERY
    return not suppressed and number < MOST_NOTICES and rested


def _write_pending(
    connection: Connection, address: ValidAddress, settings: Settings, *, intake: Intake, asking: Asking
) -> Subscriber | None:
    row = asdict(settings)
    del row["topics"]
    row |= {
        "uid": intake.new_uid(),
        "address": address.address,
        "address_key": address.key,
        "suppression_key": suppression_key(intake.keys, address.key),
        "state": SubscriberState.PENDING,
        "covered_through": hold_sequence(connection),
        "token_version": 0,
        "joined_at": intake.now,
        "expires_at": intake.now + asking.confirm_within,
    }
    insert_subscribers(connection, [row])
    return subscriber_by_key(connection, address.key, to_change=True)


def _ask(
    connection: Connection,
    subscriber: Subscriber | None,
    asked: _Asked,
    *,
    post: Post,
    intake: Intake,
    asking: Asking | None,
) -> None:
    """Write what is to be agreed to and have the notice sent; without `asking`, do the work and keep nothing."""
    confirmation_id, expires_at = 0, intake.now
    if subscriber is not None and asking is not None:
        expires_at = intake.now + asking.confirm_within
        row = {
            "subscriber_id": subscriber.id,
            "kind": asked.kind,
            "address": asked.address.address,
            "choices": dict(asked.choices),
            "wording_id": wording_ids(connection, {asked.wording}).get(asked.wording),
            "page": asked.page,
            "ip": asked.ip,
            "asked_at": intake.now,
            "expires_at": expires_at,
        }
        confirmation_id = insert_confirmation(connection, row)
        count_notice(connection, suppression_key(intake.keys, asked.address.key), intake.now)
    kinds = {
        ConfirmationKind.SUBSCRIBE: NoticeKind.CONFIRM,
        ConfirmationKind.ADDRESS: NoticeKind.ADDRESS,
        ConfirmationKind.RETURN: NoticeKind.RETURN,
    }
    wanted = NoticeWanted(
        kind=kinds[asked.kind],
        to_address=asked.address.address,
        subscriber_id=None if subscriber is None else subscriber.id,
        language=asked.language,
        token=confirm_token(intake.keys, confirmation_id, asked.address.address),
        dedupe_key=f"confirmation:{confirmation_id}",
        expires_at=expires_at,
    )
    post(connection, wanted, confirmation_id > 0)


def _tell(
    connection: Connection,
    subscriber: Subscriber,
    kind: NoticeKind,
    *,
    post: Post,
    intake: Intake,
    keep: bool,
    asking: Asking,
) -> None:
    """Have a reader told something; counted like what is asked, since strangers bring it about."""
    if keep:
        count_notice(connection, suppression_key(intake.keys, parse_address(subscriber.address).key), intake.now)
    wanted = NoticeWanted(
        kind=kind,
        to_address=subscriber.address,
        subscriber_id=subscriber.id,
        language=subscriber.language,
        token=preferences_token(intake.keys, subscriber.id, subscriber.token_version),
        dedupe_key=f"{kind}:{subscriber.uid}:{intake.now:%Y%m%dT%H%M%S}",
        expires_at=intake.now + asking.confirm_within,
    )
    post(connection, wanted, keep)
