"""The page behind the link in a notice: GET says what it confirms, POST does it (mail scanners only look)."""

from __future__ import annotations

import re
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from newsletter.errors import NewsletterError
from newsletter.i18n import Words
from newsletter.pages import Form, PageText
from newsletter.subscribers import ConfirmationKind, ConfirmationState, ConfirmationView
from newsletter.web.answers import later, once_more, personal, too_often, unknown_link
from newsletter.web.asking import Watch, asker, form_of, is_sealed
from newsletter.web.guard import body_of
from newsletter.web.limits import neighbourhood
from newsletter.web.offers import rhythm_name
from newsletter.web.seals import FIELD, SealState, seal_for
from newsletter.web.served import ServedNewsroom
from newsletter.web.words import answer_page, frame_in, isolated, isolated_address, log, wished_language

TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")


def confirm_endpoint(newsroom: ServedNewsroom, watch: Watch) -> Callable[[Request], Response]:
    """Serves `/c/TOKEN`."""

    def confirm(request: Request) -> Response:
        token = request.path_params["token"].removesuffix("/")
        language = wished_language(request, newsroom.masthead)
        try:
            return personal(_answer(newsroom, watch, request, token, language))
        except NewsletterError as error:
            log.error("Nobody can confirm just now: %s", error)
            return personal(later(newsroom, language))

    return confirm


def _answer(newsroom: ServedNewsroom, watch: Watch, request: Request, token: str, language: str) -> Response:
    if not TOKEN.fullmatch(token):
        return unknown_link(newsroom, language)
    purpose = f"c:{token}"
    if request.method != "POST":
        view = newsroom.readers.confirmation_of(token)
    else:
        fields = form_of(request, body_of(request), topics=0)
        if is_sealed(request, fields, newsroom, watch, purpose) not in (SealState.GOOD, SealState.EARLY):
            return once_more(newsroom, language, f"{newsroom.masthead.base_url}/c/{token}")
        wait_s = watch.wishes.wait_s(neighbourhood(asker(request)), newsroom.clock())
        if wait_s:
            return too_often(newsroom, language, wait_s=wait_s)
        view = newsroom.readers.confirm(token, ip=asker(request) or None)
    if view is None:
        return unknown_link(newsroom, language)
    words = frame_in(newsroom.masthead, view.language).words
    text = {
        ConfirmationState.OPEN: lambda: _open(newsroom, watch, view, token, words),
        ConfirmationState.DONE: lambda: _done(newsroom, view, words),
        ConfirmationState.EXPIRED: lambda: _expired(newsroom, words),
    }[view.state]()
    return answer_page(newsroom, text, language=view.language)


def _open(newsroom: ServedNewsroom, watch: Watch, view: ConfirmationView, token: str, words: Words) -> PageText:
    say = words.say
    title, address = isolated(newsroom.masthead.title), isolated_address(view.address)
    asked, button = {
        ConfirmationKind.SUBSCRIBE: (
            say("With this button, {address} is subscribed to {newsroom}.", address=address, newsroom=title),
            say("Confirm the subscription"),
        ),
        ConfirmationKind.ADDRESS: (
            say("With this button, {newsroom} goes to {address} from now on.", address=address, newsroom=title),
            say("Confirm the new address"),
        ),
        ConfirmationKind.RETURN: (
            say("With this button, {address} is subscribed to {newsroom} again.", address=address, newsroom=title),
            say("Subscribe again"),
        ),
    }[view.kind]
    seal = seal_for(watch.seal_key, f"c:{token}", newsroom.clock())
    form = Form(action=f"/c/{token}", button=button, hidden={FIELD: seal})
    return PageText(title=say("One press is left"), paragraphs=(asked,), form=form)


def _done(newsroom: ServedNewsroom, view: ConfirmationView, words: Words) -> PageText:
    say, base_url = words.say, newsroom.masthead.base_url
    title, address = isolated(newsroom.masthead.title), isolated_address(view.address)
    moved = view.kind is ConfirmationKind.ADDRESS
    sentence = (
        say("{newsroom} goes to {address} from now on.", newsroom=title, address=address)
        if moved
        else say("{address} is subscribed to {newsroom}.", newsroom=title, address=address)
    )
    rhythm = say("What comes: {rhythm}.", rhythm=rhythm_name(view.rhythm, words))
    links = [(say("Read what is out already"), f"{base_url}/{words.language}/")]
    if view.preferences:
        links.insert(0, (say("Change your choices"), f"{base_url}/p/{view.preferences}"))
    heading = say("The address is changed") if moved else say("Welcome")
    return PageText(title=heading, paragraphs=(sentence, rhythm), links=tuple(links))


def _expired(newsroom: ServedNewsroom, words: Words) -> PageText:
    say = words.say
    subscribe = f"{newsroom.masthead.base_url}/subscribe?lang={words.language}"
    return PageText(
        title=say("This link is too old"),
        paragraphs=(say("It cannot be used any more, and nothing was changed."),),
        links=((say("Subscribe by email"), subscribe),),
    )
