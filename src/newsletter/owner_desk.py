"""The owner's desk: what the owner is told of editions, and the link in a notice that stops one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from newsletter.answers import Waiting
from newsletter.editions.control import cancel_edition
from newsletter.editions.news import News, news_text
from newsletter.mail import compose_notice
from newsletter.model import EditionId, EditionState, Masthead
from newsletter.store import Store
from newsletter.store.editions import edition_by_id
from newsletter.store.notices import NewNotice, insert_notice
from newsletter.subscribers import Keys
from newsletter.subscribers.tokens import cancel_token, read_cancel_token

# News is worth little after a month; that something waits, nothing once it is gone.
_NEWS_KEPT = timedelta(days=30)
# Also one that is being sent: whoever presses the button wants no more of it to leave.
_STOPPABLE = (EditionState.SCHEDULED, EditionState.HELD, EditionState.PAUSED, EditionState.SENDING)


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnerTools:
    """What the owner's desk works with; `told` is called when a notice was written, so that it goes out at once."""

    store: Store
    keys: Keys
    masthead: Masthead
    templates: Mapping[str, str]
    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    told: Callable[[], None] = lambda: None


class OwnerDesk:
    """Tells the owner, and hears the owner's answer."""

    def __init__(self, tools: OwnerTools) -> None:
        """Stand ready."""
        self._tools = tools
        self._store, self._keys, self._masthead = tools.store, tools.keys, tools.masthead
        self._templates, self._clock, self._new_id, self._told = tools.templates, tools.clock, tools.new_id, tools.told

    def on(self, store: Store, clock: Callable[[], datetime]) -> OwnerDesk:
        """The same desk for another database and clock, whose notices nobody hears of: a rehearsal's."""
        return OwnerDesk(replace(self._tools, store=store, clock=clock, told=lambda: None))

    def post(self, connection: Connection, news: News) -> None:
        """Make a notice of it, stored in the connection's transaction; the same news is told once."""
        now, masthead = self._clock(), self._masthead
        link = ""
        if news.edition is not None:
            link = f"{masthead.base_url}/editions/stop/{cancel_token(self._keys, *news.edition)}"
        text = news_text(news, masthead=masthead, cancel_url=link)
        uid = f"notice-{self._new_id()}"
        message = compose_notice(self._templates, text, masthead=masthead, now=now, message_uid=uid)
        insert_notice(
            connection,
            NewNotice(
                kind=str(news.kind),
                to_address=masthead.owner,
                subscriber_id=None,
                dedupe_key=news.dedupe_key[:255],
                message=message,
                not_before=news.not_before or now,
                expires_at=news.at or now + _NEWS_KEPT,
            ),
        )
        self._told()

    def waiting_of(self, token: str) -> Waiting | None:
        """The edition behind the stop link with `token`; None for a token of nobody. Writes nothing."""
        with self._store.reading() as connection:

            def uid_of(named: EditionId) -> str | None:
                found = edition_by_id(connection, named)
                return None if found is None else found.uid

            named = read_cancel_token(self._keys, token, uid_of)
            edition = None if named is None else edition_by_id(connection, named)
        if edition is None:
            return None
        return Waiting(uid=edition.uid, subject=edition.subject, state=edition.state, at=edition.hold_until)

    def stop(self, token: str) -> Waiting | None:
        """Cancel the edition behind a stop link, if it has not gone out yet; gives it as it is then."""
        waiting = self.waiting_of(token)
        if waiting is not None and waiting.state in _STOPPABLE:
            reason = "stopped by the owner, from the notice"
            cancel_edition(self._store, waiting.uid, reason=reason, now=self._clock())
        return self.waiting_of(token)
