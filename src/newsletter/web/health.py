"""What machines ask: is it alive, is it ready, how much of what, whom to write to about a hole.

`/metrics` answers this machine and the trusted proxies' networks only; no number holds an address, a
token, or a word that a stranger chose.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from newsletter.errors import NewsletterError
from newsletter.web.asking import Networks, asker, is_among
from newsletter.web.served import ServedNewsroom
from newsletter.web.words import log

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Counter, Histogram
    from prometheus_client.core import GaugeMetricFamily

Endpoint = Callable[[Request], Response]

_ROUTES = frozenset(
    {"u", "c", "p", "stop", "feeds", "subscribe", "search", "media", "editions", "hub", "healthz", "readyz", "metrics"}
)
# The owner's link lies below the editions' pages; it is no page, so it is counted by itself.
_STOP = "/editions/stop/"
_NEVER_KEPT = {"Cache-Control": "no-store"}
SECURITY_FOR = timedelta(days=180)


class Tally:
    """Requests counted by kind of route and status, in a registry of our own, made when it is first needed."""

    @cached_property
    def registry(self) -> CollectorRegistry:
        """Where the numbers are; importing the library takes 30 ms, so only a served process does."""
        from prometheus_client import CollectorRegistry

        return CollectorRegistry()

    @cached_property
    def _requests(self) -> Counter:
        from prometheus_client import Counter

        name, help_ = "newsletter_requests", "Requests answered, by kind of route and status."
        return Counter(name, help_, ("route", "status"), registry=self.registry)

    @cached_property
    def _seconds(self) -> Histogram:
        from prometheus_client import Histogram

        name, help_ = "newsletter_request_seconds", "How long answers took, by kind of route."
        return Histogram(name, help_, ("route",), registry=self.registry)

    def count(self, path: str, status: int, took_s: float) -> None:
        """Count one answer."""
        first = "stop" if path.startswith(_STOP) else path.strip("/").partition("/")[0]
        route = first if first in _ROUTES else "page"
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(took_s)


def alive_endpoint(newsroom: ServedNewsroom) -> Endpoint:
    """Serves `/healthz`: 200 while this process does its work, 503 and a line when it needs a restart.

    Without the bell no schedule runs, however well pages are served; and a restart mends it.
    """

    def alive(request: Request) -> Response:
        fault = newsroom.heartbeat()
        if fault:
            log.error("Not well: %s", fault)
        line = " ".join(fault.split()) or "ok"
        return PlainTextResponse(f"{line}\n", 503 if fault else 200, headers=_NEVER_KEPT)

    return alive


def ready_endpoint(newsroom: ServedNewsroom) -> Endpoint:
    """Serves `/readyz`: 200 when readers can be served, else 503 with the names of what cannot; the log says why."""

    def ready(request: Request) -> Response:
        try:
            found = newsroom.readiness()
        except NewsletterError as error:
            log.error("Not ready: %s", error)
            found = {"newsroom": "broken"}
        for name, fault in found.items():
            if fault:
                log.warning("Not ready: %s: %s", name, fault)
        status = 503 if any(found.values()) else 200
        return JSONResponse(
            {name: "broken" if fault else "ok" for name, fault in found.items()}, status, headers=_NEVER_KEPT
        )

    return ready


def metrics_endpoint(newsroom: ServedNewsroom, tally: Tally, local: Networks) -> Endpoint:
    """Serves `/metrics` in the text format of Prometheus to askers from `local`; 404 to all others."""

    def metrics(request: Request) -> Response:
        from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

        if not is_among(asker(request), local):
            raise HTTPException(status_code=404)
        try:
            counts = newsroom.counts()
        except NewsletterError as error:
            log.error("No counts just now: %s", error)
            counts = {}

        class Counts:
            def collect(self) -> Iterator[GaugeMetricFamily]:
                from prometheus_client.core import GaugeMetricFamily

                for what, numbers in counts.items():
                    family = GaugeMetricFamily(f"newsletter_{what}", f"How many {what}, by state.", labels=("state",))
                    for state, number in numbers.items():
                        family.add_metric([state], number)
                    yield family

        once = CollectorRegistry()
        once.register(Counts())
        content = generate_latest(tally.registry) + generate_latest(once)
        return Response(content, headers={**_NEVER_KEPT, "Content-Type": CONTENT_TYPE_LATEST})

    return metrics


def security_endpoint(newsroom: ServedNewsroom) -> Endpoint:
    """Serves `/.well-known/security.txt` (RFC 9116): whom to write to, good for half a year from today."""

    def security(request: Request) -> Response:
        masthead = newsroom.masthead
        # Whole days, so that the file stays the same for a day.
        until = (newsroom.clock() + SECURITY_FOR).replace(hour=0, minute=0, second=0, microsecond=0)
        lines = (
            f"Contact: mailto:{masthead.owner}",
            f"Expires: {until:%Y-%m-%dT%H:%M:%SZ}",
            f"Preferred-Languages: {', '.join(masthead.languages)}",
            f"Canonical: {masthead.base_url}/.well-known/security.txt",
        )
        return PlainTextResponse("\n".join(lines) + "\n", headers={"Cache-Control": "public, max-age=86400"})

    return security
