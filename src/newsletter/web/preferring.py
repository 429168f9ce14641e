"""The page behind the preferences link: GET shows, each of its buttons is one POST.

What a button did is said on the page that answers it, so that nothing has to be remembered between
two requests. The token is in the path and nowhere else: no referrer, no log, no redirect carries it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from newsletter.answers import PrivateAddresses
from newsletter.errors import NewsletterError
from newsletter.model import SubscriberState
from newsletter.pages import Option, PageText, PreferencesPage, preferences_page
from newsletter.subscribers import Answer, Choices, PreferencesView, offered_rhythms
from newsletter.web.answers import TOKEN, Visit, later, personal, too_often, unknown_link
from newsletter.web.asking import Fields, Watch
from newsletter.web.offers import choices_in, choices_view
from newsletter.web.served import ServedNewsroom
from newsletter.web.words import answer_page, frame_in, isolated_address, log, wished_language

WEEKS = (1, 2, 3, 4, 6, 8, 12, 26)
RETRY_S = 3600


def preferences_endpoint(newsroom: ServedNewsroom, watch: Watch) -> Callable[[Request], Response]:
    """Serves `/p/TOKEN`."""

    def preferences(request: Request) -> Response:
        token = request.path_params["token"].removesuffix("/")
        language = wished_language(request, newsroom.masthead)
        visit = Visit(newsroom=newsroom, watch=watch, door="p", token=token, language=language)
        try:
            return personal(_answer(visit, request))
        except NewsletterError as error:
            log.error("Nobody can change choices just now: %s", error)
            return personal(later(newsroom, language))

    return preferences


def _answer(visit: Visit, request: Request) -> Response:
    newsroom, token = visit.newsroom, visit.token
    view = newsroom.readers.preferences_of(token) if TOKEN.fullmatch(token) else None
    if view is None or view.state is not SubscriberState.ACTIVE:
        return unknown_link(newsroom, visit.language)
    visit = replace(visit, language=view.language)
    if request.method != "POST":
        return _page(visit, view)
    fields = visit.form(request, topics=len(newsroom.masthead.topics))
    if isinstance(fields, Response):
        return fields
    wish = _WISHES.get(fields.get("wish"))
    return _page(visit, view) if wish is None else wish(visit, view, fields)


def _save(visit: Visit, view: PreferencesView, fields: Fields) -> Response:
    saved = visit.newsroom.readers.save_preferences(visit.token, choices_in(fields))
    if saved is None:
        return unknown_link(visit.newsroom, visit.language)
    answer, now = saved
    # The page speaks the language that was just chosen.
    visit = replace(visit, language=now.language)
    say = visit.words.say
    if answer is not Answer.TAKEN:
        return _page(visit, now, fault=say("One of the choices is not possible here. Please choose again."))
    return _page(visit, now, note=say("Saved."))


def _pause(visit: Visit, view: PreferencesView, fields: Fields) -> Response:
    asked = fields.get("weeks")
    weeks = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 3 else -1
    if weeks not in (0, *WEEKS):
        fault = visit.words.say("One of the choices is not possible here. Please choose again.")
        return _page(visit, view, fault=fault)
    now = visit.newsroom.readers.pause(visit.token, weeks=weeks, catch_up=fields.get("catch_up") == "yes")
    if now is None:
        return unknown_link(visit.newsroom, visit.language)
    say = visit.words.say
    return _page(visit, now, note=say("The pause has begun.") if weeks else say("The pause is over."))


def _address(visit: Visit, view: PreferencesView, fields: Fields) -> Response:
    say = visit.words.say
    answer = visit.newsroom.readers.ask_address_change(visit.token, fields.get("address"))
    if answer is None:
        return unknown_link(visit.newsroom, visit.language)
    if answer is Answer.TOO_MANY:
        return too_often(visit.newsroom, visit.language, wait_s=RETRY_S)
    if answer is not Answer.TAKEN:
        fault = say("This is no address we can write to. Write it like ada@example.org.")
        return _page(visit, view, fault=fault)
    return _page(visit, view, note=say("A message is on its way to the new address. Its link makes the change."))


def _data(visit: Visit, view: PreferencesView, fields: Fields) -> Response:
    data = visit.newsroom.readers.data_of(visit.token)
    if data is None:
        return unknown_link(visit.newsroom, visit.language)
    headers = {"Content-Disposition": 'attachment; filename="my-data.json"'}
    return Response(data, media_type="application/json; charset=utf-8", headers=headers)


def _erase(visit: Visit, view: PreferencesView, fields: Fields) -> Response:
    say = visit.words.say
    if fields.get("sure") != "yes":
        return _page(visit, view, fault=say("Tick the box first: there is no way back."))
    if not visit.newsroom.readers.erase(visit.token):
        return unknown_link(visit.newsroom, visit.language)
    gone = say("Your address, your choices and your history here are gone. No email will come any more.")
    kept = say("What is kept is a number made from the address, so that nobody brings it back in.")
    text = PageText(title=say("You are forgotten"), paragraphs=(gone, kept))
    return answer_page(visit.newsroom, text, language=visit.language)


def _feed(visit: Visit, view: PreferencesView, fields: Fields) -> Response:
    swapped = visit.newsroom.readers.feeds.swap_to_feed(visit.token)
    if swapped is None:
        return unknown_link(visit.newsroom, visit.language)
    say = visit.words.say
    note = say("You read in your feed reader now. No email will come, not even what was waiting to be sent.")
    return _page(visit, swapped[0], note=note, feed=swapped[1])


def _feed_address(visit: Visit, view: PreferencesView, fields: Fields) -> Response:
    made = visit.newsroom.readers.feeds.new_address(visit.token)
    if made is None:
        # Somebody went back to email in another window.
        fault = visit.words.say("One of the choices is not possible here. Please choose again.")
        return _page(visit, view, fault=fault)
    note = visit.words.say("Your feed has a new address. The old one does not work any more.")
    return _page(visit, made[0], note=note, feed=made[1])


def _mail(visit: Visit, view: PreferencesView, fields: Fields) -> Response:
    back = visit.newsroom.readers.feeds.swap_to_mail(visit.token)
    if back is None:
        return unknown_link(visit.newsroom, visit.language)
    note = visit.words.say("Emails come again, as before. Your own feed has ended.")
    return _page(visit, back, note=note)


# Each wish of the page by the name its form sends.
_WISHES: Mapping[str, Callable[[Visit, PreferencesView, Fields], Response]] = {
    "save": _save,
    "pause": _pause,
    "address": _address,
    "data": _data,
    "erase": _erase,
    "feed": _feed,
    "feed address": _feed_address,
    "mail": _mail,
}


def _page(
    visit: Visit,
    view: PreferencesView,
    *,
    note: str = "",
    fault: str = "",
    feed: PrivateAddresses | None = None,
) -> Response:
    newsroom, words, masthead = visit.newsroom, visit.words, visit.newsroom.masthead
    chosen = Choices(
        name=view.name,
        language=view.language,
        time_zone=view.time_zone,
        rhythm=view.rhythm,
        hour=None if view.hour is None else str(view.hour),
        topics=view.topics,
    )
    page = PreferencesPage(
        choices=choices_view(chosen, masthead=masthead, words=words, rhythms=offered_rhythms(masthead, view.rhythm)),
        address=isolated_address(view.address),
        action=f"/{visit.link}",
        seal=visit.seal,
        unsubscribe=f"/u/{view.unsubscribe}",
        weeks=tuple(
            Option(value=str(weeks), label=words.count("{number} week", "{number} weeks", weeks)) for weeks in WEEKS
        ),
        has_private_feed=view.has_private_feed,
        feed_addresses=() if feed is None else (("RSS", feed.rss), ("Atom", feed.atom), ("JSON Feed", feed.json)),
        paused=_paused(visit, view),
        note=note,
        fault=fault,
    )
    content = preferences_page(newsroom.templates, page, frame=frame_in(masthead, visit.language))
    return HTMLResponse(content, 422 if fault else 200)


def _paused(visit: Visit, view: PreferencesView) -> str:
    """What the reader's pause means, "" without one."""
    if view.paused_until is None or view.paused_until <= visit.newsroom.clock():
        return ""
    say = visit.words.say
    # The first day on which something may come again.
    day = visit.words.date(view.paused_until + timedelta(seconds=1), view.time_zone)
    owed = say("What you miss is kept for you.")
    over = say("What appears meanwhile does not come later.")
    return f"{say('Nothing comes before {date}.', date=day)} {owed if view.catch_up else over}"
