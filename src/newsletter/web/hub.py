"""Where programs ask our WebSub hub to be told of feeds: a form in, an empty promise or a sentence out.

No form of ours leads here and no person fills one in, so that there is no seal to be checked (CSRF): a
browser holds nothing that would give its request more weight than a stranger's. What counts is what the
callback itself answers when it is asked afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from newsletter.errors import NewsletterError
from newsletter.web.asking import asker, form_of
from newsletter.web.guard import body_of
from newsletter.web.limits import Limit, neighbourhood
from newsletter.web.served import ServedHub, ServedNewsroom
from newsletter.web.words import log

Endpoint = Callable[[Request], Response]

# A reader's server subscribes to each feed of ours in a row, for all its people.
REQUESTS_AN_HOUR = 300
RETRY_S = 60
FULL_S = 86_400
_NEVER_KEPT = {"Cache-Control": "no-store"}
_WHAT_IT_IS = """\
This is the WebSub hub of {base_url}, for its own feeds.

Programs that read feeds ask here to be told of news at once: POST hub.mode, hub.topic and hub.callback
as https://www.w3.org/TR/websub/ describes. People need not do anything.
"""


def hub_endpoint(newsroom: ServedNewsroom, hub: ServedHub) -> Endpoint:
    """Serves `/hub`: 202 for a request that is taken, else a sentence about what is wrong with it."""
    limit = Limit(REQUESTS_AN_HOUR, timedelta(hours=1))

    def answer(request: Request) -> Response:
        if request.method != "POST":
            return _say(_WHAT_IT_IS.format(base_url=newsroom.masthead.base_url), 200)
        try:
            return _take(request, hub, limit, now=newsroom.clock())
        except NewsletterError as error:
            log.error("Nobody can ask the hub just now: %s", error)
            return _say("The hub cannot take requests just now. Try again in a minute.\n", 503, wait_s=RETRY_S)

    return answer


def _take(request: Request, hub: ServedHub, limit: Limit, *, now: datetime) -> Response:
    fields = form_of(request, body_of(request), topics=0)
    if fields is None:
        return _say("Send a form: application/x-www-form-urlencoded.\n", 415)
    wait_s = limit.wait_s(neighbourhood(asker(request)), now)
    if wait_s:
        return _say("Too many requests came in a short time.\n", 429, wait_s=wait_s)
    answered = hub.ask(fields.values)
    status = 202 if answered.taken else 503 if answered.is_full else 400
    return _say(f"{answered.sentence}\n", status, wait_s=FULL_S if answered.is_full else 0)


def _say(text: str, status: int, *, wait_s: int = 0) -> Response:
    headers = _NEVER_KEPT | ({"Retry-After": str(wait_s)} if wait_s else {})
    return PlainTextResponse(text, status, headers=headers)
