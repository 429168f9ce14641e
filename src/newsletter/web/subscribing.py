"""How a reader asks to come in: one form, one answer for every address, and the form for other sites.

GET shows and changes nothing. A POST that did not come from our own page, such as that of a snippet
pasted into another site, shows our form filled in and writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from newsletter.errors import NewsletterError
from newsletter.i18n import Words
from newsletter.pages import PageText, SubscribePage, subscribe_page
from newsletter.subscribers import Answer, Choices, SignUpForm, offered_rhythms
from newsletter.web.answers import later, page_language, personal, too_often
from newsletter.web.asking import Fields, Watch, asker, form_of, is_sealed
from newsletter.web.guard import body_of
from newsletter.web.limits import neighbourhood
from newsletter.web.offers import choices_in, choices_view, script, script_path
from newsletter.web.policies import FORM_POLICY
from newsletter.web.seals import SealState, seal_for
from newsletter.web.served import ServedNewsroom
from newsletter.web.words import answer_page, frame_in, log

Endpoint = Callable[[Request], Response]

PURPOSE = "subscribe"
# A field that people do not see; who fills it in is no person.
TRAP = "website"
RETRY_S = 3600


def subscribe_endpoint(newsroom: ServedNewsroom, watch: Watch) -> Endpoint:
    """Serves `/subscribe`."""

    def subscribe(request: Request) -> Response:
        language = page_language(request, newsroom)
        try:
            response = _take(newsroom, watch, request, language) if request.method == "POST" else None
            return personal(response or _form(newsroom, watch, language, Fields(values={}, topics=())))
        except NewsletterError as error:
            log.error("Nobody can subscribe just now: %s", error)
            return personal(later(newsroom, language))

    return subscribe


def _take(newsroom: ServedNewsroom, watch: Watch, request: Request, language: str) -> Response | None:
    """The answer to a form that was sent."""
    masthead, words = newsroom.masthead, frame_in(newsroom.masthead, language).words
    fields = form_of(request, body_of(request), topics=len(masthead.topics))
    if fields is None:
        return None
    state = is_sealed(request, fields, newsroom, watch, PURPOSE)
    if state is not SealState.GOOD:
        note = words.say("Please look it over and press the button.")
        return _form(newsroom, watch, language, fields, note=note)
    if fields.get(TRAP):
        return _look_into_mailbox(newsroom, language)
    wait_s = watch.sign_ups.wait_s(neighbourhood(asker(request)), newsroom.clock())
    if wait_s:
        return too_often(newsroom, language, wait_s=wait_s)
    answer = newsroom.readers.sign_up(
        SignUpForm(
            address=fields.get("address"),
            choices=choices_in(fields),
            wording=wording(newsroom, words),
            wording_language=language,
            page="/subscribe",
            ip=asker(request) or None,
        )
    )
    if answer is Answer.TOO_MANY:
        return too_often(newsroom, language, wait_s=RETRY_S)
    if answer is Answer.TAKEN:
        return _look_into_mailbox(newsroom, language)
    if answer is Answer.ODD_CHOICE:
        odd = words.say("One of the choices is not possible here. Please choose again.")
        return _form(newsroom, watch, language, fields, choices_fault=odd)
    fault = words.say("This is no address we can write to. Write it like ada@example.org.")
    return _form(newsroom, watch, language, fields, fault=fault)


def wording(newsroom: ServedNewsroom, words: Words) -> str:
    """The sentence of consent, as the form shows it and the proof keeps it."""
    masthead = newsroom.masthead
    agreed = words.say(
        "With this button I agree to get {newsroom} by email from {publisher}.",
        newsroom=masthead.title,
        publisher=masthead.publisher,
    )
    return f"{agreed} {words.say('Every message has a link to end it at once. My address is used for nothing else.')}"


def _form(
    newsroom: ServedNewsroom,
    watch: Watch,
    language: str,
    fields: Fields,
    *,
    fault: str = "",
    choices_fault: str = "",
    note: str = "",
) -> Response:
    masthead = newsroom.masthead
    frame = frame_in(masthead, language)
    typed = choices_in(fields) if fields.values else Choices()
    # Whoever asks for email does not want the feed alone.
    rhythms = [rhythm for rhythm in offered_rhythms(masthead) if rhythm != "feed"]
    page = SubscribePage(
        choices=choices_view(typed, masthead=masthead, words=frame.words, rhythms=rhythms),
        address=fields.get("address")[:254],
        wording=wording(newsroom, frame.words),
        seal=seal_for(watch.seal_key, PURPOSE, newsroom.clock()),
        script=script_path("/"),
        fault=fault,
        choices_fault=choices_fault,
        note=note,
    )
    headers = {"Content-Security-Policy": FORM_POLICY}
    content = subscribe_page(newsroom.templates, page, frame=frame)
    return HTMLResponse(content, 422 if fault or choices_fault else 200, headers=headers)


def _look_into_mailbox(newsroom: ServedNewsroom, language: str) -> Response:
    """The same page for every address, known or not."""
    masthead = newsroom.masthead
    say = frame_in(masthead, language).words.say
    text = PageText(
        title=say("Now look into your mailbox"),
        paragraphs=(
            say("If the address can be written to, a message is on its way. Its link lets you in."),
            say(
                "Nothing after a quarter of an hour? Look among the spam, or write to {address}.",
                address=masthead.contact,
            ),
        ),
    )
    return answer_page(newsroom, text, language=language)


def script_endpoint(request: Request) -> Response:
    """Serves the one script of ours."""
    headers = {"Cache-Control": "public, max-age=86400"}
    return Response(script()[0], media_type="text/javascript; charset=utf-8", headers=headers)


def snippet(newsroom: ServedNewsroom, words: Words) -> str:
    """The form as plain HTML, for any page of any site: it leads to our own form, filled in."""
    masthead, say = newsroom.masthead, words.say
    action = f"{masthead.base_url}/subscribe?lang={words.language}"
    return (
        f'<form action="{escape(action)}" method="post" lang="{escape(words.language)}" dir="{words.direction}">\n'
        f"  <label>{escape(say('Your email address'))}\n"
        '    <input type="email" name="address" autocomplete="email" required>\n'
        "  </label>\n"
        f"  <button>{escape(say('Subscribe to {newsroom}', newsroom=masthead.title))}</button>\n"
        "</form>\n"
    )


def snippet_endpoint(newsroom: ServedNewsroom) -> Endpoint:
    """Serves `/subscribe/snippet`: the form to paste into any site, as text to copy."""

    def show(request: Request) -> Response:
        language = page_language(request, newsroom)
        words = frame_in(newsroom.masthead, language).words
        text = PageText(
            title=words.say("A sign-up form for your own site"),
            paragraphs=(words.say("Copy this into any page. It leads to our form, where readers choose and agree."),),
            code=snippet(newsroom, words),
        )
        return personal(answer_page(newsroom, text, language=language))

    return show
