"""How a reader leaves: GET shows one button and changes nothing, POST unsubscribes at once.

The link's token is the whole proof (RFC 8058 §3.2): no sign-in, no cookie, no second question, no
redirect. Mail scanners follow every link of a message, so that a GET which acted would unsubscribe
people who never asked for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from newsletter.errors import NewsletterError
from newsletter.i18n import Words
from newsletter.model import Masthead, SubscriberState
from newsletter.pages import Form, PageText
from newsletter.web.guard import body_of
from newsletter.web.policies import PERSONAL
from newsletter.web.served import ReaderOfToken, ServedNewsroom
from newsletter.web.words import answer_page, frame_in, isolated, isolated_address, log, wished_language

# What a token may look like at all; the desk says whether it is one.
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")


def unsubscribe_endpoint(newsroom: ServedNewsroom) -> Callable[[Request], Response]:
    """Serves `/u/TOKEN`: GET and HEAD show, POST acts; a token that was never ours gets a neutral 404."""

    def unsubscribe(request: Request) -> Response:
        # The whole rest of the path, so that no odd token finds its way to another page.
        token = request.path_params["token"].removesuffix("/")
        try:
            reader = _act(newsroom, request, token) if _TOKEN.fullmatch(token) else None
        except NewsletterError as error:
            log.error("Nobody can unsubscribe just now: %s", error)
            response = _later(newsroom, wished_language(request, newsroom.masthead))
        else:
            if reader is None:
                response = _unknown(newsroom, wished_language(request, newsroom.masthead))
            else:
                response = _known(newsroom, reader, token)
        response.headers.update(PERSONAL)
        return response

    return unsubscribe


def _act(newsroom: ServedNewsroom, request: Request, token: str) -> ReaderOfToken | None:
    if request.method != "POST":
        return newsroom.reader_of(token)
    # One-click comes urlencoded or multipart (RFC 8058 §3.1); our own button sends nothing. Either way
    # the token alone decides, so that no client's odd body keeps a reader subscribed.
    source = "one-click" if b"One-Click" in body_of(request) else "page"
    return newsroom.unsubscribe(token, source=source)


def _known(newsroom: ServedNewsroom, reader: ReaderOfToken, token: str) -> Response:
    masthead, say = newsroom.masthead, _words(newsroom, reader.language).say
    values = {"title": isolated(masthead.title), "address": isolated_address(reader.address)}
    if reader.state == SubscriberState.UNSUBSCRIBED:
        gone = say("{address} gets no more email from {title}, not even what was already waiting to be sent.", **values)
        mistake = say("If this was a mistake, write to {address}.", address=_contact(masthead))
        text = PageText(title=say("You are unsubscribed"), paragraphs=(gone, mistake))
    else:
        text = PageText(
            title=say("Unsubscribe from {title}?", title=isolated(masthead.title)),
            paragraphs=(say("{address} gets no more email from {title} as soon as you press the button.", **values),),
            form=Form(action=f"/u/{token}", button=say("Unsubscribe")),
        )
    return answer_page(newsroom, text, language=reader.language)


def _unknown(newsroom: ServedNewsroom, language: str) -> Response:
    say = _words(newsroom, language).say
    advice = say(
        "It may have been cut short by a mail program. Use the link in the newest email, or write to {address}.",
        address=_contact(newsroom.masthead),
    )
    text = PageText(title=say("This link does not work"), paragraphs=(advice,))
    return answer_page(newsroom, text, language=language, status=404)


def _later(newsroom: ServedNewsroom, language: str) -> Response:
    say = _words(newsroom, language).say
    text = PageText(
        title=say("Please try again in a minute"),
        paragraphs=(say("The page cannot be shown just now. Nothing is lost."),),
    )
    response = answer_page(newsroom, text, language=language, status=503)
    response.headers["Retry-After"] = "60"
    return response


def _words(newsroom: ServedNewsroom, language: str) -> Words:
    return frame_in(newsroom.masthead, language).words


def _contact(masthead: Masthead) -> str:
    return masthead.reply_to or masthead.sender.address
