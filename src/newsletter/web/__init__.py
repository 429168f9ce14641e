"""The web door: feeds, pages and pictures as they were written, and the page by which a reader leaves.

It reads files from disk, asks the desk what readers ask for by form and by link, and keeps nothing of its own. On a
developer's machine it also shows what lies in the outbox.
"""

from newsletter.subscribers import ReaderOfToken
from newsletter.web.app import create_app
from newsletter.web.served import ServedNewsroom
from newsletter.web.serving import WebServer, serve

__all__ = ["ReaderOfToken", "ServedNewsroom", "WebServer", "create_app", "serve"]
