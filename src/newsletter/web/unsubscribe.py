"""How a reader leaves: GET shows one button and changes nothing, POST unsubscribes at once.

The link's token is the whole proof (RFC 8058 §3.2): no sign-in, no cookie, no second question, no
redirect. Mail scanners follow every link of a message, so that a GET which acted would unsubscribe
people who never asked for it.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from newsletter.errors import NewsletterError
from newsletter.i18n import Words
from newsletter.model import SubscriberState
from newsletter.pages import Form, PageText
from newsletter.subscribers import ReaderOfToken
from newsletter.web.answers import TOKEN, Visit, later, personal, unknown_link
from newsletter.web.asking import Watch
from newsletter.web.guard import body_of
from newsletter.web.seals import FIELD
from newsletter.web.served import ServedNewsroom
from newsletter.web.words import answer_page, frame_in, isolated, isolated_address, log, wished_language

_RETURN = "/return"


def unsubscribe_endpoint(newsroom: ServedNewsroom, watch: Watch) -> Callable[[Request], Response]:
    """Serves `/u/TOKEN`: GET and HEAD show, POST acts; a token that was never ours gets a neutral 404.

    `/u/TOKEN/return`, behind the undo button, has a notice sent to the mailbox that left: whoever holds
    a forwarded email can end a subscription, and cannot begin one.
    """

    def unsubscribe(request: Request) -> Response:
        # The whole rest of the path, so that no odd token finds its way to another page.
        path = request.path_params["token"].removesuffix("/")
        token, language = path.removesuffix(_RETURN), wished_language(request, newsroom.masthead)
        visit = Visit(newsroom=newsroom, watch=watch, door="u", token=token, language=language)
        if not TOKEN.fullmatch(token):
            return personal(unknown_link(newsroom, language))
        try:
            if path.endswith(_RETURN):
                return personal(_undo(visit, request))
            reader = _act(newsroom, request, token)
        except NewsletterError as error:
            log.error("Nobody can leave or come back just now: %s", error)
            return personal(later(newsroom, language))
        return personal(unknown_link(newsroom, language) if reader is None else _known(visit, reader))

    return unsubscribe


def _act(newsroom: ServedNewsroom, request: Request, token: str) -> ReaderOfToken | None:
    if request.method != "POST":
        return newsroom.readers.reader_of(token)
    # One-click comes urlencoded or multipart (RFC 8058 §3.1); our own button sends nothing. Either way
    # the token alone decides, so that no client's odd body keeps a reader subscribed.
    source = "one-click" if b"One-Click" in body_of(request) else "page"
    return newsroom.readers.unsubscribe(token, source=source)


def _undo(visit: Visit, request: Request) -> Response:
    newsroom = visit.newsroom
    if isinstance(form := visit.form(request), Response):
        return form
    reader = newsroom.readers.ask_return(visit.token)
    if reader is None:
        return unknown_link(newsroom, visit.language)
    say, address = _words(newsroom, reader.language).say, isolated_address(reader.address)
    sent = say("A message is on its way to {address}. Its link brings the emails back.", address=address)
    text = PageText(title=say("Now look into your mailbox"), paragraphs=(sent,))
    return answer_page(newsroom, text, language=reader.language)


def _known(visit: Visit, reader: ReaderOfToken) -> Response:
    newsroom, masthead = visit.newsroom, visit.newsroom.masthead
    say = _words(newsroom, reader.language).say
    values = {"title": isolated(masthead.title), "address": isolated_address(reader.address)}
    if reader.state == SubscriberState.UNSUBSCRIBED:
        gone = say("{address} gets no more email from {title}, not even what was already waiting to be sent.", **values)
        mistake = say("If this was a mistake, write to {address}.", address=masthead.contact)
        undo = Form(action=f"/{visit.link}{_RETURN}", button=say("Undo"), hidden={FIELD: visit.seal})
        text = PageText(title=say("You are unsubscribed"), paragraphs=(gone, mistake), form=undo)
    else:
        text = PageText(
            title=say("Unsubscribe from {title}?", title=isolated(masthead.title)),
            paragraphs=(say("{address} gets no more email from {title} as soon as you press the button.", **values),),
            form=Form(action=f"/{visit.link}", button=say("Unsubscribe")),
        )
    return answer_page(newsroom, text, language=reader.language)


def _words(newsroom: ServedNewsroom, language: str) -> Words:
    return frame_in(newsroom.masthead, language).words
