"""The web door: feeds, pages and pictures as they were written, and the page by which a reader leaves.

It reads files from disk, asks the desk two questions about a token, and keeps nothing of its own. On a
developer's machine it also shows what lies in the outbox.
"""

from newsletter.web.app import create_app
from newsletter.web.served import ReaderOfToken, ServedNewsroom
from newsletter.web.serving import WebServer, serve

__all__ = ["ReaderOfToken", "ServedNewsroom", "WebServer", "create_app", "serve"]
