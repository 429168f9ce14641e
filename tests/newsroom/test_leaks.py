"""What is early, taken back or one reader's own is nowhere: no file, page, delta, push, search or map has it."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from real_newsroom import TIDES, Desk

from newsletter.cli.serving import Served
from newsletter.editions import PublishWishes, Wishes
from newsletter.hub_desk import HubDesk
from newsletter.store.tables import feed_versions
from newsletter.subscribers.tokens import preferences_token
from newsletter.web import create_app

with warnings.catch_warnings():
    # The test client prefers httpx2 where it is installed and says so; both behave alike here.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

EARLY, WITHDRAWN = "Zephyranthes", "Quetzalcoatl"
ARTICLE = "---\ntitle: {0} in the title\nlanguage: en\ntopics: [{0}]\nsummary: {0} in short\n---\nHere is {0}.\n"


@pytest.fixture
def desk_with_secrets(desk: Desk) -> Desk:
    """A newsroom with sixty public articles, one that waits for its hour, and two that were taken back."""
    desk.publish(desk.write("articles/gone.md", ARTICLE.format(WITHDRAWN)))
    files = [desk.write(f"articles/a{number}.md", TIDES.replace("The tide", f"{number} tide")) for number in range(60)]
    desk.newsroom.adopt([files[0]], wishes=Wishes())
    for number in range(0, 60, 20):
        desk.pass_time(hours=1)
        desk.publish(*files[number : number + 20], each=True, feed_only=True)
    gone = desk.publish(desk.write("articles/gone2.md", ARTICLE.format(f"Late {WITHDRAWN}"))).published[0]
    desk.pass_time(hours=1)
    for named in (gone, "articles/gone.md"):
        desk.newsroom.withdraw(desk.newsroom.find_article(named).uid)
    at = desk.now + timedelta(days=1)
    early = desk.write("articles/early.md", ARTICLE.format(EARLY))
    desk.newsroom.publish_at(
        desk.newsroom.plan([early], wishes=Wishes(), publish=PublishWishes(feed_only=True), at=at), at
    )
    desk.newsroom.tick()
    desk.newsroom.renew_outputs(everything=True)
    return desk


@pytest.fixture
def private_token(desk_with_secrets: Desk) -> str:
    """The token of one reader's own feed."""
    desk = desk_with_secrets
    reader = desk.add("ada@example.org")
    link = preferences_token(desk.newsroom.keys, reader.id, reader.token_version)
    swapped = desk.newsroom.readers_desk(told=lambda: None).feeds.swap_to_feed(link)
    assert swapped is not None
    desk.newsroom.renew_outputs(everything=True)
    return swapped[1].rss.split("/")[-2]


def test_no_written_file_holds_a_secret(desk_with_secrets: Desk, private_token: str) -> None:
    for path, content in desk_with_secrets.outputs().items():
        for secret in (EARLY, WITHDRAWN, private_token):
            assert secret.encode() not in content, f"{secret} in {path}"
            assert secret.lower() not in path.lower()


def test_no_answer_over_the_web_holds_a_secret(desk_with_secrets: Desk, private_token: str) -> None:
    desk = desk_with_secrets
    client = TestClient(create_app(Served(desk.newsroom), dev_inbox=False), base_url="http://localhost")
    asked = 0

    for path, content in answers(desk, client):
        asked += 1
        for secret in (EARLY, WITHDRAWN, private_token):
            # The search page repeats the words that were searched for.
            if not path.endswith(f"q={secret}"):
                assert secret.encode() not in content, f"{secret} in the answer to {path}"

    assert asked > 200


def answers(desk: Desk, client: TestClient) -> Iterator[tuple[str, bytes]]:
    """What is answered for each file, as a page for people, as a delta to each former version, and in search."""
    versions = [(row["path"], str(row["digest"])[:32]) for row in desk.rows(feed_versions)]
    for path in desk.outputs():
        served = "/" + path.removeprefix("site/").removesuffix("index.html")
        yield served, client.get(served).content
        yield f"{served} in a window", client.get(served, headers={"Sec-Fetch-Dest": "document"}).content
    for path, digest in versions:
        delta = client.get(f"/{path}", headers={"A-IM": "feed", "If-None-Match": f'"{digest}"'})
        yield f"{path} since {digest}", delta.content
    for words in (EARLY, WITHDRAWN, "tide"):
        found = client.get(f"/search?q={words}")
        assert found.status_code == 200
        yield f"/search?q={words}", found.content
    for path in ("/robots.txt", "/sitemap.xml", "/feeds.opml", "/subscribe", "/feeds/topics/zephyranthes/rss.xml"):
        yield path, client.get(path).content


def test_search_finds_neither(desk_with_secrets: Desk) -> None:
    served = Served(desk_with_secrets.newsroom)

    found = [served.search(word, language=None, page=1, length=10).number for word in (EARLY, WITHDRAWN, "tide")]

    assert found[:2] == [0, 0]
    assert found[2] == 60


def test_no_push_holds_a_secret(desk_with_secrets: Desk, private_token: str) -> None:
    desk = desk_with_secrets
    hub = HubDesk(replace(desk.newsroom._workshop.hub_tools, is_hub=True))
    base, pushed = desk.newsroom.masthead.base_url, 0

    for row in desk.rows(feed_versions):
        path = str(row["path"])
        digest = hashlib.sha256((desk.folder / path).read_bytes()).hexdigest() if (desk.folder / path).exists() else ""
        body = hub._body_of(f"{base}/{path}", str(row["digest"]), digest)
        if body is not None:
            pushed += 1
            assert not any(secret.encode() in body[0] for secret in (EARLY, WITHDRAWN, private_token))

    assert pushed > 10
