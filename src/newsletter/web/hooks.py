"""Where mail providers report what came back: a signed body in, "received" out once it is written down.

No form leads here and a browser holds nothing that would give its request weight, so there is no seal to be
checked (CSRF): what counts is the provider's own signature in the request.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from newsletter.errors import NewsletterError
from newsletter.web.guard import body_of
from newsletter.web.served import ServedHooks
from newsletter.web.words import log

Endpoint = Callable[[Request], Response]

RETRY_S = 60


def hooks_endpoint(hooks: ServedHooks) -> Endpoint:
    """Serves `/hooks/PROVIDER`: 200 for what was taken, 403 for what nobody proved, 503 to be asked again."""

    def answer(request: Request) -> Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            answered = hooks.take(request.path_params["provider"], headers, body_of(request))
        except NewsletterError as error:
            log.error("Providers' reports cannot be taken just now: %s", error)
            return _say("Try again in a minute.", 503, wait_s=RETRY_S)
        if answered.status == 403:
            # No limit by network: a provider's customers share its addresses, and could lock us out.
            log.warning("A report for the hook of a provider was refused: %s", answered.sentence)
        return _say(answered.sentence, answered.status)

    return answer


def _say(text: str, status: int, *, wait_s: int = 0) -> Response:
    headers = {"Cache-Control": "no-store"} | ({"Retry-After": str(wait_s)} if wait_s else {})
    return PlainTextResponse(f"{text}\n", status, headers=headers)
