"""docs/web.md names every route and every metric there is."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from starlette.routing import Route

from newsletter.web import create_app
from newsletter.web.health import Tally

PAGE = (Path(__file__).parents[2] / "docs" / "web.md").read_text("utf-8")


def test_every_route_is_documented(masthead) -> None:
    newsroom = SimpleNamespace(
        masthead=masthead,
        templates={},
        site_folder=Path(),
        feeds_folder=Path(),
        outbox_folder=None,
        readers=None,
        owner=None,
        feed_pages=True,
        clock=None,
        next_run=None,
        hub=SimpleNamespace(ask=None),
        hooks=SimpleNamespace(take=None),
        hubs=(),
    )
    app = create_app(newsroom, dev_inbox=False)

    paths = [route.path for route in app.routes if isinstance(route, Route)]
    plain = {re.sub(r"\{token:path\}", "TOKEN", path) for path in paths} - {"/{path:path}", "/zone.js"}
    missing = [path for path in plain if path.replace("{path:path}", "") not in PAGE]

    assert len(plain) > 8
    assert missing == []


@pytest.mark.parametrize(
    "name", ["newsletter_subscribers", "newsletter_notices", "newsletter_editions", "newsletter_runs", "newsletter_hub"]
)
def test_every_count_is_documented(name: str) -> None:
    assert f"`{name}`" in PAGE


def test_every_metric_is_documented() -> None:
    tally = Tally()
    tally.count("/u/x", 200, 0.1)

    names = {family.name for family in tally.registry.collect()}

    assert names == {"newsletter_requests", "newsletter_request_seconds"}
    assert all(f"`{name}" in PAGE for name in names)
