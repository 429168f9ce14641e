"""Web pages: records and template text in, HTML bytes out.

A craft: no clock, no disk, no network. The desk calls it with what was published and hands the bytes
to `site`; the web door calls it for the few pages made on the spot (leaving, not found).
"""

from newsletter.pages.article import Neighbours, article_page
from newsletter.pages.forms import ChoicesView, Option, PreferencesPage, SubscribePage, preferences_page, subscribe_page
from newsletter.pages.frame import FeedLink, Frame, LanguageLink, feed_links, make_frame, subscribe_path
from newsletter.pages.listing import Place, index_page, topic_page, year_page
from newsletter.pages.maps import digest_name
from newsletter.pages.message import Form, PageText, message_page, moved_page, not_found_page
from newsletter.pages.search import SearchResults, search_page
from newsletter.pages.theme import stylesheet
from newsletter.pages.whole import article_pages, list_pages

__all__ = [
    "ChoicesView",
    "FeedLink",
    "Form",
    "Frame",
    "LanguageLink",
    "Neighbours",
    "Option",
    "PageText",
    "Place",
    "PreferencesPage",
    "SearchResults",
    "SubscribePage",
    "article_page",
    "article_pages",
    "digest_name",
    "feed_links",
    "index_page",
    "list_pages",
    "make_frame",
    "message_page",
    "moved_page",
    "not_found_page",
    "preferences_page",
    "search_page",
    "stylesheet",
    "subscribe_page",
    "subscribe_path",
    "topic_page",
    "year_page",
]
