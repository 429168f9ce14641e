"""The link in a notice to the owner: GET says what waits to go out, POST stops it (mail scanners only look).

The owner reads it in the newsroom's language and time zone. What the button did is read from the
database again, so that the page tells the truth also when the edition left in the meantime.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from newsletter.answers import Waiting
from newsletter.errors import NewsletterError
from newsletter.model import EditionState
from newsletter.pages import Form, PageText
from newsletter.timetable import in_zone
from newsletter.web.answers import TOKEN, Visit, later, personal, unknown_link
from newsletter.web.asking import Watch
from newsletter.web.seals import FIELD
from newsletter.web.served import ServedNewsroom
from newsletter.web.words import answer_page, isolated, log, wished_language

DOOR = "editions/stop"


def stop_endpoint(newsroom: ServedNewsroom, watch: Watch) -> Callable[[Request], Response]:
    """Serves `/editions/stop/TOKEN`."""

    def stop(request: Request) -> Response:
        token = request.path_params["token"].removesuffix("/")
        language = wished_language(request, newsroom.masthead)
        visit = Visit(newsroom=newsroom, watch=watch, door=DOOR, token=token, language=language)
        try:
            return personal(_answer(visit, request))
        except NewsletterError as error:
            log.error("No edition can be stopped by its link just now: %s", error)
            return personal(later(newsroom, language))

    return stop


def _answer(visit: Visit, request: Request) -> Response:
    newsroom, token = visit.newsroom, visit.token
    waiting = newsroom.owner.waiting_of(token) if TOKEN.fullmatch(token) else None
    if waiting is None:
        return unknown_link(newsroom, visit.language)
    visit = replace(visit, language=newsroom.masthead.language)
    if request.method == "POST":
        if isinstance(form := visit.form(request), Response):
            return form
        waiting = newsroom.owner.stop(token)
    if waiting is None:
        return unknown_link(newsroom, visit.language)
    return answer_page(newsroom, _page(visit, waiting), language=visit.language)


def _page(visit: Visit, waiting: Waiting) -> PageText:
    say, subject = visit.words.say, isolated(waiting.subject)
    # An edition loses its hour when it is released: what has none has reached readers already.
    is_out = waiting.at is None
    match waiting.state:
        case EditionState.SENT:
            gone = say("“{subject}” has been sent and cannot be stopped any more.", subject=subject)
            return PageText(title=say("This edition has gone out"), paragraphs=(gone,))
        case EditionState.CANCELLED if is_out:
            rest = say("Who has “{subject}” already keeps it; nobody else gets it.", subject=subject)
            return PageText(title=say("This edition is stopped"), paragraphs=(rest,))
        case EditionState.CANCELLED | EditionState.DRAFT:
            nobody = say("Nobody gets “{subject}”.", subject=subject)
            return PageText(title=say("This edition is stopped"), paragraphs=(nobody, _its_articles(visit)))
        case EditionState.SENDING:
            now = say("“{subject}” is being sent.", subject=subject)
        case EditionState.PAUSED:
            now = say("“{subject}” is paused, and goes out when somebody lets it go on.", subject=subject)
        case EditionState.HELD:
            now = say("“{subject}” is held, and goes out only when somebody lets it go.", subject=subject)
        case _:
            now = _when(visit, waiting)
    would = say("With this button, nobody gets it.") if not is_out else say("With this button, nobody else gets it.")
    form = Form(action=f"/{visit.link}", button=say("Stop this edition"), hidden={FIELD: visit.seal})
    after = say("Who has it already keeps it.") if is_out else _its_articles(visit)
    return PageText(title=say("Stop this edition?"), paragraphs=(now, f"{would} {after}"), form=form)


def _when(visit: Visit, waiting: Waiting) -> str:
    say, subject = visit.words.say, isolated(waiting.subject)
    if waiting.at is None or waiting.at <= visit.newsroom.clock():
        return say("“{subject}” is due, and goes out at any moment.", subject=subject)
    zone = visit.newsroom.masthead.time_zone
    return say(
        "“{subject}” goes out on {date} at {time} ({zone}).",
        subject=subject,
        date=visit.words.date(waiting.at, zone),
        time=f"{in_zone(waiting.at, zone):%H:%M}",
        zone=isolated(zone),
    )


def _its_articles(visit: Visit) -> str:
    return visit.words.say("Articles that are out already come with the next run; those that are not stay unpublished.")
