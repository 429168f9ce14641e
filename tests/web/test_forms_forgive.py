"""What the forms must survive: odd choices, old zone names, cut connections, broken themes, unknown proxies."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from newsletter.i18n import load_words
from newsletter.model import Masthead
from newsletter.pages import Form, PageText
from newsletter.subscribers import Choices
from newsletter.web.asking import LOOPBACK, asker_of, is_among
from newsletter.web.guard import Guard, body_of
from newsletter.web.health import Tally
from newsletter.web.offers import choices_view, script
from newsletter.web.words import _plain_page, frame_in


def test_a_reader_keeps_a_zone_whose_name_is_old(masthead: Masthead) -> None:
    words = load_words("en")

    view = choices_view(Choices(time_zone="US/Eastern"), masthead=masthead, words=words, rhythms=("each",))

    chosen = [option.value for _, options in view.zones for option in options if option.chosen]
    assert chosen == ["US/Eastern"]


def test_the_script_guesses_no_zone_where_one_was_chosen(masthead: Masthead) -> None:
    words = load_words("en")

    fresh = choices_view(Choices(), masthead=masthead, words=words, rhythms=("each",))
    typed = choices_view(Choices(time_zone="Africa/Cairo"), masthead=masthead, words=words, rhythms=("each",))

    assert (fresh.is_zone_chosen, typed.is_zone_chosen) == (False, True)
    assert b"data-chosen" in script()[0]


def test_a_page_without_a_theme_keeps_the_seal_of_its_form(masthead: Masthead) -> None:
    form = Form(action="/c/x", button="Go", hidden={"seal": 'a"b'})

    page = _plain_page(PageText(title="One press is left", paragraphs=(), form=form), frame_in(masthead, "en"))

    assert 'name="seal" value="a&quot;b"' in page


def test_a_proxy_on_this_machine_that_nobody_named_is_not_this_machine() -> None:
    scope = {"client": ("127.0.0.1", 5), "headers": [(b"x-forwarded-for", b"203.0.113.9")]}

    found = asker_of(scope, trusted=())

    assert not is_among(found, LOOPBACK)


def test_a_form_cut_off_on_its_way_is_no_form() -> None:
    seen: list[bytes] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(body_of(Request(scope)))
        await PlainTextResponse("")(scope, receive, send)

    messages: list[Message] = [{"type": "http.request", "body": b"topics=a", "more_body": True}]

    async def receive() -> Message:
        return messages.pop() if messages else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        return None

    scope = {"type": "http", "method": "POST", "path": "/", "client": None, "headers": [(b"host", b"localhost")]}

    asyncio.run(Guard(app, hosts=(), trusted=(), tally=Tally())(scope, receive, send))

    assert seen == [b""]
