"""A new reader of a digest begins at the present, or with the latest few articles where the schedule says so."""

from __future__ import annotations

from datetime import timedelta

from real_newsroom import QUAY, TIDES, Desk  # found through conftest.py

HARBOUR = "---\ntitle: {}\nlanguage: en\n---\nWhat happened at the harbour: {}.\n"


def digest_for_a_newcomer(desk: Desk, schedule: str) -> list[str]:
    """The articles in the first digest of somebody who joined after five were published."""
    config = desk.folder / "config.toml"
    config.write_text(config.read_text("utf-8") + schedule, "utf-8")
    desk.reopen()
    desk.newsroom.tick()
    for number in range(5):
        desk.publish(desk.write(f"articles/n{number}.md", HARBOUR.format(f"News {number}", number)))
    desk.add("wim@example.org", rhythm="weekly")
    desk.pass_time(minutes=10)
    desk.publish(desk.write("articles/quay.md", QUAY))
    for _ in range(7 * 24):
        desk.pass_time(hours=1)
        desk.newsroom.tick()
    desk.newsroom.send_due()
    (message,) = desk.outbox()
    text = message.get_body(("plain",)).get_content()
    titles = [*(f"News {number}" for number in range(5)), "The quay is mended"]
    return [title for title in titles if title in text]


def test_newcomer_gets_nothing_older_than_the_subscription(either_desk: Desk) -> None:
    assert digest_for_a_newcomer(either_desk, "[schedules.weekly]\n") == ["The quay is mended"]


def test_newcomer_gets_the_latest_articles_where_the_schedule_says_so(either_desk: Desk) -> None:
    found = digest_for_a_newcomer(either_desk, "[schedules.weekly]\nnewcomers = 2\n")

    assert found == ["News 3", "News 4", "The quay is mended"]


def test_newcomer_of_another_rhythm_is_not_meant(desk: Desk) -> None:
    config = desk.folder / "config.toml"
    config.write_text(config.read_text("utf-8") + "[schedules.weekly]\nnewcomers = 2\n", "utf-8")
    desk.reopen()
    desk.publish(desk.write("articles/tides.md", TIDES))

    ada = desk.add("ada@example.org", rhythm="each")
    wim = desk.add("wim@example.org", rhythm="weekly")

    assert (ada.covered_through, wim.covered_through) == (1, 0)
    assert desk.now - ada.joined_at == timedelta(0)
