"""Short answers the routes of readers share: not now, not like that, too often, not known."""

from __future__ import annotations

import re
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from newsletter.i18n import Words
from newsletter.pages import PageText, subscribe_path
from newsletter.web.asking import Fields, Watch, asker, form_of, is_sealed
from newsletter.web.guard import body_of
from newsletter.web.limits import neighbourhood
from newsletter.web.policies import PERSONAL
from newsletter.web.seals import SealState, seal_for
from newsletter.web.served import ServedNewsroom
from newsletter.web.words import answer_page, frame_in, wished_language

# What a token may look like at all; the desk says whether it is one.
TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")


def personal(response: Response) -> Response:
    """`response`, kept by nobody and found by no search engine."""
    response.headers.update(PERSONAL)
    return response


def page_language(request: Request, newsroom: ServedNewsroom) -> str:
    """The language a visitor chose with `?lang=`, else the browser's."""
    wanted = request.query_params.get("lang", "")
    return wanted if wanted in newsroom.masthead.languages else wished_language(request, newsroom.masthead)


def later(newsroom: ServedNewsroom, language: str) -> HTMLResponse:
    """503: the database cannot answer just now."""
    say = frame_in(newsroom.masthead, language).words.say
    text = PageText(
        title=say("Please try again in a minute"),
        paragraphs=(say("The page cannot be shown just now. Nothing is lost."),),
    )
    response = answer_page(newsroom, text, language=language, status=503)
    response.headers["Retry-After"] = "60"
    return response


def too_often(newsroom: ServedNewsroom, language: str, *, wait_s: int) -> HTMLResponse:
    """429: too many from this neighbourhood, or from everybody."""
    say = frame_in(newsroom.masthead, language).words.say
    text = PageText(
        title=say("Too many requests"),
        paragraphs=(say("Too many requests came in a short time. Please try again later."),),
    )
    response = answer_page(newsroom, text, language=language, status=429)
    response.headers["Retry-After"] = str(wait_s)
    return response


def once_more(newsroom: ServedNewsroom, language: str, path: str) -> HTMLResponse:
    """403: the form did not come from our page, or too long ago; nothing was done."""
    say = frame_in(newsroom.masthead, language).words.say
    text = PageText(
        title=say("Please send it once more"),
        paragraphs=(say("The form had become old, or came from another site. Nothing was changed."),),
        links=((say("Open the page again"), path),),
    )
    return answer_page(newsroom, text, language=language, status=403)


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """One visit behind a mailed link, "p" and its token, answered in `language`."""

    newsroom: ServedNewsroom
    watch: Watch
    door: str
    token: str
    language: str

    @property
    def link(self) -> str:
        """The path of the link, without its first slash."""
        return f"{self.door}/{self.token}"

    @property
    def words(self) -> Words:
        """The words of its language."""
        return frame_in(self.newsroom.masthead, self.language).words

    @property
    def seal(self) -> str:
        """The seal of a form shown now."""
        return seal_for(self.watch.seal_key, self.link, self.newsroom.clock())

    def form(self, request: Request, *, topics: int = 0) -> Fields | Response:
        """The form that was sent, or the answer to one that may not act: no good seal, or too many wishes.

        An early seal will do: people press a single button at once, and the link is what shows who they are.
        """
        newsroom = self.newsroom
        fields = form_of(request, body_of(request), topics=topics)
        state = is_sealed(request, fields, newsroom, self.watch, self.link)
        if fields is None or state not in (SealState.GOOD, SealState.EARLY):
            return once_more(newsroom, self.language, f"{newsroom.masthead.base_url}/{self.link}")
        wait_s = self.watch.wishes.wait_s(neighbourhood(asker(request)), newsroom.clock())
        return too_often(newsroom, self.language, wait_s=wait_s) if wait_s else fields


def unknown_link(newsroom: ServedNewsroom, language: str) -> HTMLResponse:
    """404: nobody has such a link, whatever the reason."""
    masthead = newsroom.masthead
    say = frame_in(masthead, language).words.say
    advice = say(
        "It may have been cut short by a mail program. Use the link in the newest email, or write to {address}.",
        address=masthead.contact,
    )
    subscribe = (say("Subscribe by email"), subscribe_path(masthead, language))
    text = PageText(title=say("This link does not work"), paragraphs=(advice,), links=(subscribe,))
    return answer_page(newsroom, text, language=language, status=404)
