"""Editions: a file becomes a draft, drafts become a plan, a plan becomes a release, once.

The desk calls these; each writing function is one transaction. Nothing here sends, writes pages, or
knows a transport.
"""

from newsletter.editions.archive import adopt, withdraw
from newsletter.editions.batch import draft_articles
from newsletter.editions.control import cancel_edition, find_edition, pause_edition, resume_edition, unschedule
from newsletter.editions.correct import correction_readers, release_correction
from newsletter.editions.digests import DigestBench
from newsletter.editions.draft import Draft, Standing, Wishes, Workbench
from newsletter.editions.dress import Dressed, Wardrobe, dress
from newsletter.editions.intake import copy_in
from newsletter.editions.manuscripts import place_of
from newsletter.editions.news import Post
from newsletter.editions.overview import ArticleLine, find_article, list_articles
from newsletter.editions.plan import Plan, PlannedEdition, PublishWishes, plan_publish
from newsletter.editions.preview import preview_files, variant_files, write_preview
from newsletter.editions.recordings import prepared_files
from newsletter.editions.release import Released, release
from newsletter.editions.scheduled import refuse_waiting, wished_hour
from newsletter.editions.uids import read_uids, write_uids

__all__ = [
    "ArticleLine",
    "DigestBench",
    "Draft",
    "Dressed",
    "Plan",
    "PlannedEdition",
    "Post",
    "PublishWishes",
    "Released",
    "Standing",
    "Wardrobe",
    "Wishes",
    "Workbench",
    "adopt",
    "cancel_edition",
    "copy_in",
    "correction_readers",
    "draft_articles",
    "dress",
    "find_article",
    "find_edition",
    "list_articles",
    "pause_edition",
    "place_of",
    "plan_publish",
    "prepared_files",
    "preview_files",
    "read_uids",
    "refuse_waiting",
    "release",
    "release_correction",
    "resume_edition",
    "unschedule",
    "variant_files",
    "wished_hour",
    "withdraw",
    "write_preview",
    "write_uids",
]
