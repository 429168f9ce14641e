"""The dev inbox: what lies in the outbox, as a reader's mail program might show it. For this machine only."""

from newsletter.web.inbox.views import inbox_routes

__all__ = ["inbox_routes"]
