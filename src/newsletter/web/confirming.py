"""The page behind the link in a notice: GET says what it confirms, POST does it (mail scanners only look)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from newsletter.errors import NewsletterError
from newsletter.pages import Form, PageText, subscribe_path
from newsletter.subscribers import ConfirmationKind, ConfirmationState, ConfirmationView
from newsletter.web.answers import TOKEN, Visit, later, personal, unknown_link
from newsletter.web.asking import Watch, asker
from newsletter.web.offers import rhythm_name
from newsletter.web.seals import FIELD
from newsletter.web.served import ServedNewsroom
from newsletter.web.words import answer_page, isolated, isolated_address, log, wished_language


def confirm_endpoint(newsroom: ServedNewsroom, watch: Watch) -> Callable[[Request], Response]:
    """Serves `/c/TOKEN`."""

    def confirm(request: Request) -> Response:
        token = request.path_params["token"].removesuffix("/")
        language = wished_language(request, newsroom.masthead)
        visit = Visit(newsroom=newsroom, watch=watch, door="c", token=token, language=language)
        try:
            return personal(_answer(visit, request))
        except NewsletterError as error:
            log.error("Nobody can confirm just now: %s", error)
            return personal(later(newsroom, language))

    return confirm


def _answer(visit: Visit, request: Request) -> Response:
    newsroom, token = visit.newsroom, visit.token
    if not TOKEN.fullmatch(token):
        return unknown_link(newsroom, visit.language)
    if request.method != "POST":
        view = newsroom.readers.confirmation_of(token)
    else:
        if isinstance(form := visit.form(request), Response):
            return form
        view = newsroom.readers.confirm(token, ip=asker(request) or None)
    if view is None:
        return unknown_link(newsroom, visit.language)
    say_it = {
        ConfirmationState.OPEN: _open,
        ConfirmationState.DONE: _done,
        ConfirmationState.EXPIRED: _expired,
    }[view.state]
    text = say_it(replace(visit, language=view.language), view)
    return answer_page(newsroom, text, language=view.language)


def _open(visit: Visit, view: ConfirmationView) -> PageText:
    say = visit.words.say
    title, address = isolated(visit.newsroom.masthead.title), isolated_address(view.address)
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
    form = Form(action=f"/{visit.link}", button=button, hidden={FIELD: visit.seal})
    return PageText(title=say("One press is left"), paragraphs=(asked,), form=form)


def _done(visit: Visit, view: ConfirmationView) -> PageText:
    words, masthead = visit.words, visit.newsroom.masthead
    say, base_url = words.say, masthead.base_url
    title, address = isolated(masthead.title), isolated_address(view.address)
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


def _expired(visit: Visit, _view: ConfirmationView) -> PageText:
    say = visit.words.say
    subscribe = subscribe_path(visit.newsroom.masthead, visit.language)
    return PageText(
        title=say("This link is too old"),
        paragraphs=(say("It cannot be used any more, and nothing was changed."),),
        links=((say("Subscribe by email"), subscribe),),
    )
