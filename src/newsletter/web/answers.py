"""Short answers the routes of readers share: not now, not like that, too often, not known."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from newsletter.pages import PageText
from newsletter.web.policies import PERSONAL
from newsletter.web.served import ServedNewsroom
from newsletter.web.words import answer_page, frame_in, wished_language


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


def unknown_link(newsroom: ServedNewsroom, language: str) -> HTMLResponse:
    """404: nobody has such a link, whatever the reason."""
    masthead = newsroom.masthead
    say = frame_in(masthead, language).words.say
    advice = say(
        "It may have been cut short by a mail program. Use the link in the newest email, or write to {address}.",
        address=masthead.reply_to or masthead.sender.address,
    )
    subscribe = (say("Subscribe by email"), f"{masthead.base_url}/subscribe?lang={language}")
    text = PageText(title=say("This link does not work"), paragraphs=(advice,), links=(subscribe,))
    return answer_page(newsroom, text, language=language, status=404)
