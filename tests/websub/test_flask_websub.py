"""Somebody else's program agrees: Flask-WebSub, as a subscriber of our hub and as a hub that we tell.

To have it: make test-tools
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from newsletter.model import Masthead
from newsletter.web import WebServer
from newsletter.web.guard import Guard
from newsletter.web.health import Tally
from newsletter.web.hub import hub_endpoint

from .conftest import ATOM, Hub
from .test_door import HubDesk

PYTHON = Path(__file__).parents[1] / "tools" / "websub" / "bin" / "python"


@dataclass
class Party:
    """The other program: what we tell it to do, and what it says."""

    process: subprocess.Popen[str]
    url: str = ""

    def hears(self) -> list[str]:
        """The next thing it did or heard."""
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def do(self, word: str, argument: str) -> str:
        """Have it ask our hub; gives the name it has for the subscription."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word} {argument}\n")
        self.process.stdin.flush()
        asked, key = self.hears()
        assert asked == "asked"
        return key


@pytest.fixture
def party(tmp_path: Path) -> Iterator[Party]:
    if not PYTHON.exists():
        sentence = "tests/tools/websub is not installed, so Flask-WebSub could not be asked."
        if os.environ.get("NEWSLETTER_REQUIRE_TOOLS") == "1":
            pytest.fail(sentence)
        pytest.skip(sentence)
    script = Path(__file__).parent / "harness" / "flask_websub_party.py"
    command = [str(PYTHON), str(script), str(tmp_path)]
    errors = (tmp_path / "errors.txt").open("w", encoding="utf-8")
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, encoding="utf-8"
    ) as process:
        party = Party(process)
        ready, party.url = party.hears()
        assert ready == "ready"
        yield party
        process.kill()
    errors.close()


@pytest.fixture
def hub_url(hub: Hub, masthead: Masthead) -> Iterator[str]:
    """Our hub behind a real door, where callbacks may be on this machine."""
    hub.change(atom="v1")
    desk = HubDesk(hub, masthead, allow_private=True)
    app = Starlette(
        routes=[Route("/hub", hub_endpoint(desk, desk), methods=["GET", "POST"])],
        middleware=[Middleware(Guard, hosts=(), trusted=(), tally=Tally())],
    )
    app.state.dev_inbox, app.state.at_end = False, lambda: None
    server = WebServer(app, "127.0.0.1", 0)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield f"http://127.0.0.1:{server.address[1]}/hub"
    server.stop()
    thread.join(15)


def test_it_subscribes_hears_renews_and_leaves(party: Party, hub_url: str, hub: Hub) -> None:
    key = party.do("subscribe", hub_url)
    hub.run()
    assert party.hears() == ["confirmed", ATOM, key, "subscribe"]

    hub.change(atom="v2")
    hub.run()
    assert party.hears() == ["news", ATOM, key, f"{ATOM} from v1 to v2"]

    party.do("renew", key)
    hub.pass_time(minutes=30)
    hub.run()
    assert party.hears() == ["confirmed", ATOM, key, "subscribe"]

    party.do("unsubscribe", key)
    hub.run()
    assert party.hears() == ["confirmed", ATOM, key, "unsubscribe"]
    assert hub.rows() == []


def test_it_believes_nobody_who_signs_with_another_secret(party: Party, hub_url: str, hub: Hub) -> None:
    key = party.do("subscribe", hub_url)
    hub.run()
    party.hears()
    callback = hub.subscriptions()[0]["callback"]

    # It takes both with a 200 and passes on the second alone.
    hub.client.post(callback, b"forged", {"X-Hub-Signature": f"sha256={'0' * 64}"})
    hub.change(atom="v2")
    hub.run()

    assert party.hears() == ["news", ATOM, key, f"{ATOM} from v1 to v2"]


def test_a_request_it_never_made_is_not_confirmed(party: Party, hub_url: str, hub: Hub) -> None:
    hub.ask(f"{party.url}/callbacks/nobody")
    hub.run()

    assert hub.rows() == []


def test_its_hub_understands_what_we_tell_it(party: Party, hub: Hub) -> None:
    hub.change(atom="v1")
    hub.change(f"{party.url}/hub", atom="v2")
    hub.run()

    assert party.hears() == ["hub", "send_change_notification", ATOM]
    assert hub.tasks() == []
