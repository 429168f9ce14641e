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
from newsletter.subscribers import ReaderOfToken
from newsletter.web.answers import later, once_more, personal, too_often, unknown_link
from newsletter.web.asking import Watch, asker, form_of, is_sealed
from newsletter.web.guard import body_of
from newsletter.web.limits import neighbourhood
from newsletter.web.seals import FIELD, SealState, seal_for
from newsletter.web.served import ServedNewsroom
from newsletter.web.words import answer_page, frame_in, isolated, isolated_address, log, wished_language

# What a token may look like at all; the desk says whether it is one.
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")
_RETURN = "/return"


def unsubscribe_endpoint(newsroom: ServedNewsroom, watch: Watch) -> Callable[[Request], Response]:
    """Serves `/u/TOKEN`: GET and HEAD show, POST acts; a token that was never ours gets a neutral 404.

    `/u/TOKEN/return`, behind the undo button, has a notice sent to the mailbox that left: whoever holds
    a forwarded email can end a subscription, and cannot begin one.
    """

    def unsubscribe(request: Request) -> Response:
        # The whole rest of the path, so that no odd token finds its way to another page.
        token = request.path_params["token"].removesuffix("/")
        if token.endswith(_RETURN):
            return personal(_undo(newsroom, watch, request, token.removesuffix(_RETURN)))
        try:
            reader = _act(newsroom, request, token) if _TOKEN.fullmatch(token) else None
        except NewsletterError as error:
            log.error("Nobody can unsubscribe just now: %s", error)
            response: Response = later(newsroom, wished_language(request, newsroom.masthead))
        else:
            if reader is None:
                response = unknown_link(newsroom, wished_language(request, newsroom.masthead))
            else:
                response = _known(newsroom, watch, reader, token)
        return personal(response)

    return unsubscribe


def _act(newsroom: ServedNewsroom, request: Request, token: str) -> ReaderOfToken | None:
    if request.method != "POST":
        return newsroom.readers.reader_of(token)
    # One-click comes urlencoded or multipart (RFC 8058 §3.1); our own button sends nothing. Either way
    # the token alone decides, so that no client's odd body keeps a reader subscribed.
    source = "one-click" if b"One-Click" in body_of(request) else "page"
    return newsroom.readers.unsubscribe(token, source=source)


def _undo(newsroom: ServedNewsroom, watch: Watch, request: Request, token: str) -> Response:
    masthead, language = newsroom.masthead, wished_language(request, newsroom.masthead)
    if not _TOKEN.fullmatch(token):
        return unknown_link(newsroom, language)
    state = is_sealed(request, form_of(request, body_of(request), topics=0), newsroom, watch, f"u:{token}")
    if request.method != "POST" or state not in (SealState.GOOD, SealState.EARLY):
        return once_more(newsroom, language, f"{masthead.base_url}/u/{token}")
    wait_s = watch.wishes.wait_s(neighbourhood(asker(request)), newsroom.clock())
    if wait_s:
        return too_often(newsroom, language, wait_s=wait_s)
    try:
        reader = newsroom.readers.ask_return(token)
    except NewsletterError as error:
        log.error("Nobody can come back just now: %s", error)
        return later(newsroom, language)
    if reader is None:
        return unknown_link(newsroom, language)
    say, address = _words(newsroom, reader.language).say, isolated_address(reader.address)
    sent = say("A message is on its way to {address}. Its link brings the emails back.", address=address)
    text = PageText(title=say("Now look into your mailbox"), paragraphs=(sent,))
    return answer_page(newsroom, text, language=reader.language)


def _known(newsroom: ServedNewsroom, watch: Watch, reader: ReaderOfToken, token: str) -> Response:
    masthead, say = newsroom.masthead, _words(newsroom, reader.language).say
    values = {"title": isolated(masthead.title), "address": isolated_address(reader.address)}
    if reader.state == SubscriberState.UNSUBSCRIBED:
        gone = say("{address} gets no more email from {title}, not even what was already waiting to be sent.", **values)
        mistake = say("If this was a mistake, write to {address}.", address=_contact(masthead))
        seal = seal_for(watch.seal_key, f"u:{token}", newsroom.clock())
        undo = Form(action=f"/u/{token}{_RETURN}", button=say("Undo"), hidden={FIELD: seal})
        text = PageText(title=say("You are unsubscribed"), paragraphs=(gone, mistake), form=undo)
    else:
        text = PageText(
            title=say("Unsubscribe from {title}?", title=isolated(masthead.title)),
            paragraphs=(say("{address} gets no more email from {title} as soon as you press the button.", **values),),
            form=Form(action=f"/u/{token}", button=say("Unsubscribe")),
        )
    return answer_page(newsroom, text, language=reader.language)


def _words(newsroom: ServedNewsroom, language: str) -> Words:
    return frame_in(newsroom.masthead, language).words


def _contact(masthead: Masthead) -> str:
    return masthead.reply_to or masthead.sender.address
