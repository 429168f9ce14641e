"""The desk of looks: what an author sees of an article before anybody else does.

Built by `newsroom.py`. Nothing here publishes; a test copy goes to one address and is counted nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from newsletter import editions, site, subscribers
from newsletter.delivery.loose import loose_message, send_loose
from newsletter.delivery.transports import Transport
from newsletter.editions import Plan, PublishWishes, Wishes
from newsletter.mail import DkimSigner
from newsletter.model import Envelope, Finding, Masthead
from newsletter.site import Press
from newsletter.store import Store


class Planning(Protocol):
    """What publishing would do, as the newsroom plans it."""

    def __call__(self, files: Sequence[Path], *, wishes: Wishes, publish: PublishWishes) -> Plan:
        """The plan for `files`."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class LookTools:
    """What the desk of looks works with; `plan` is the newsroom's own, `open_transport` the way out for mail."""

    store: Store
    folder: Path
    masthead: Masthead
    press: Press
    clock: Callable[[], datetime]
    plan: Planning
    open_transport: Callable[[], AbstractContextManager[Transport]]
    signer: Callable[[], DkimSigner | None] = lambda: None


class LooksDesk:
    """Previews, findings, test copies, and what a plan would change."""

    def __init__(self, tools: LookTools) -> None:
        """Stand ready."""
        self._tools = tools

    def preview(
        self, file: Path, *, wishes: Wishes, into: Path | None
    ) -> tuple[tuple[Path, ...], tuple[tuple[str, Finding], ...]]:
        """Write email, page and feed entries of one article to a folder; gives the paths and findings."""
        tools, plan = self._tools, self._sample(file, wishes)
        draft = plan.drafts[0]
        feeds, pages = site.render_alone(draft.article, tools.press)
        files = editions.preview_files(plan.editions[0].dressed, feeds, pages, tools.masthead)
        folder = into or tools.folder / "preview" / draft.article.slug
        return editions.write_preview(folder, files), plan.findings

    def check(self, file: Path, *, wishes: Wishes) -> tuple[tuple[str, Finding], ...]:
        """The findings of one article in all its outputs."""
        return self._sample(file, wishes).findings

    def copies(self, plan: Plan, address: str) -> list[tuple[Envelope, bytes]]:
        """One copy of each variant for `address`, with its envelope: signed, outside the ledger, not yet sent."""
        tools, recipient = self._tools, subscribers.parse_address(address).address
        return [
            loose_message(
                one.variant,
                one.articles,
                masthead=tools.masthead,
                address=recipient,
                now=tools.clock(),
                signer=tools.signer(),
            )
            for planned in plan.editions
            for one in planned.dressed
        ]

    def send_test(self, plan: Plan, address: str) -> int:
        """Send those copies; gives how many were accepted."""
        messages = self.copies(plan, address)
        with self._tools.open_transport() as transport:
            return send_loose(transport, messages)

    def feeds_that_change(self, plan: Plan) -> tuple[str, ...]:
        """The feed files the plan's articles show up in; none when nothing about them changes."""
        changing = [d.article for d in plan.drafts if d.standing != editions.Standing.SAME]
        paths = (path for article in changing for path in site.feeds_touched_by(article, self._tools.masthead))
        return tuple(dict.fromkeys(paths))

    def correction_readers(self, plan: Plan) -> int:
        """How many readers have an older text of the plan's articles, and would be mailed the correction."""
        now = self._tools.clock()
        with self._tools.store.reading() as connection:
            edited = {d.article.uid: d.standing != editions.Standing.SAME for d in plan.drafts}
            return sum(editions.correction_readers(connection, u, edited=e, now=now) for u, e in edited.items())

    def _sample(self, file: Path, wishes: Wishes) -> Plan:
        publish = PublishWishes(sample=True)
        return self._tools.plan([file], wishes=replace(wishes, for_a_look=True), publish=publish)
