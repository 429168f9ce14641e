"""Publishing at an hour to come: the hour as people write it, and what is said when it is set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter.cli.values import counted
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from newsletter.cli.screen import Screen
    from newsletter.editions import Plan
    from newsletter.newsroom import Newsroom


def read_hour(newsroom: Newsroom, text: str) -> datetime:
    """The hour to come that `text` names, in the newsroom's zone unless it names one (aware UTC).

    Raises UsageError for what is no hour, for one that the clocks leave out or show twice, and for one that is past.
    """
    from newsletter.timetable import read_moment

    try:
        moment = read_moment(text, zone=newsroom.masthead.time_zone)
    except ValueError as error:
        raise UsageError(f"--at: {error}") from error
    if moment <= newsroom.now:
        raise UsageError(f"--at: {local_hour(newsroom, moment)} is past. To publish now, leave --at out.")
    return moment


def local_hour(newsroom: Newsroom, moment: datetime) -> str:
    """`2026-12-01 08:00 Europe/Paris`"""
    from newsletter.timetable import in_zone

    zone = newsroom.masthead.time_zone
    return f"{in_zone(moment, zone):%Y-%m-%d %H:%M} {zone}"


def held_until(newsroom: Newsroom, plan: Plan) -> datetime | None:
    """Until when [email] hold keeps a plan of new articles back; None for one that mails nobody, or no hold."""
    is_new = all(draft.standing == "new" and draft.remembered is None for draft in plan.drafts)
    hold = newsroom.config.email.hold
    return newsroom.now + hold if hold and plan.editions and is_new else None


def schedule(newsroom: Newsroom, plan: Plan, at: datetime, screen: Screen) -> None:
    """Set a plan for its hour, and say how it goes out and how it is stopped."""
    newsroom.publish_at(plan, at)
    editions = [{"uid": edition.uid, "subject": edition.subject} for edition in plan.editions]
    paths = [draft.source_path for draft in plan.drafts]
    screen.data({"at": at, "articles": paths, "editions": editions}, paths)
    screen.say(f"{counted(len(paths), 'article')} will be published at {local_hour(newsroom, at)}, not before.")
    screen.say("newsletter serve does it by itself; without it, let cron call newsletter tick.")
    screen.say(f"To stop it: newsletter articles unschedule {paths[0]}")
