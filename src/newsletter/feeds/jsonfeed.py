"""JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/)."""

from __future__ import annotations

import json
from collections.abc import Sequence

from newsletter.feeds.channel import Channel
from newsletter.feeds.entries import Entry

VERSION = "https://jsonfeed.org/version/1.1"


def write_json(channel: Channel, entries: Sequence[Entry]) -> bytes:
    """The JSON Feed file of `entries`, in their order."""
    return _serialise(_head(channel) | {"items": [_item(entry) for entry in entries]})


def _head(channel: Channel) -> dict[str, object]:
    head: dict[str, object] = {
        "version": VERSION,
        "title": channel.title,
        "home_page_url": channel.home_url,
        "feed_url": channel.json_url,
        "description": channel.description,
        "language": channel.language,
        "authors": [{"name": channel.authors_name}],
    }
    if channel.history.previous is not None:
        head["next_url"] = channel.history.previous.json
    if channel.hubs:
        head["hubs"] = [{"type": "WebSub", "url": hub} for hub in channel.hubs]
    if channel.icon is not None:
        head["icon"] = channel.icon.url
    if channel.alternates:
        # The format has no word for a sibling in another language; extension keys begin with an underscore.
        head["_alternates"] = {language: urls.json for language, urls in sorted(channel.alternates.items())}
    return head


def _item(entry: Entry) -> dict[str, object]:
    item: dict[str, object] = {
        "id": entry.uid,
        "url": entry.url,
        "title": entry.title,
        "summary": entry.summary,
        "content_html": entry.html,
        "date_published": entry.published.isoformat(),
        "date_modified": entry.updated.isoformat(),
        "authors": [{"name": entry.author}],
    }
    if entry.image is not None:
        item["image"] = entry.image.url
    if entry.audio is not None:
        attachment: dict[str, object] = {"url": entry.audio.url, "mime_type": entry.audio.media_type}
        item["attachments"] = [attachment | ({"size_in_bytes": entry.audio.size} if entry.audio.size else {})]
    if entry.tags:
        item["tags"] = [tag.label for tag in entry.tags]
    if entry.language:
        item["language"] = entry.language
    return item


def _serialise(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
