"""Several files of one command: each once, originals before their translations, none in another's way.

Comes in: paths in any order, such as the shell's. Goes out: drafts in the order given. Called by the desk.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from sqlalchemy import Connection

from newsletter.editions.draft import Draft, Wishes, Workbench, draft_article
from newsletter.errors import ArticleError, Fault, UsageError

Unfit = ArticleError | UsageError


def draft_articles(
    connection: Connection, files: Sequence[Path], *, bench: Workbench, wishes: Wishes
) -> tuple[list[Draft], list[Unfit]]:
    """The drafts of `files`, and what is wrong with those that cannot become one; both in the order given.

    A file named twice is drafted once. A translation may stand before its original.
    """
    once = list({file.resolve(): file for file in files}.values())
    drafts: dict[Path, Draft] = {}
    unfit: dict[Path, Unfit] = {}
    waiting = once
    while waiting:
        later = []
        for file in waiting:
            try:
                draft = draft_article(connection, file, bench=bench, wishes=wishes, sisters=tuple(drafts.values()))
                _refuse_clash(draft, drafts.values())
            except (ArticleError, UsageError) as error:
                unfit[file] = error
                if _waits_for_original(error):
                    later.append(file)
                continue
            drafts[file] = draft
            unfit.pop(file, None)
        waiting = later if len(later) < len(waiting) else []
    return [drafts[file] for file in once if file in drafts], [unfit[file] for file in once if file in unfit]


def _waits_for_original(error: Unfit) -> bool:
    return isinstance(error, ArticleError) and any(fault.field == "translation_of" for fault in error.faults)


def _refuse_clash(draft: Draft, others: Iterable[Draft]) -> None:
    """Two new articles of one command may not share what the store would refuse to hold twice."""
    article = draft.article
    for other in others:
        if other.source_path == draft.source_path:
            raise UsageError(f"{other.file} and {draft.file} both belong at {draft.source_path}. Rename one of them.")
        if other.article.uid == article.uid:
            raise UsageError(
                f"{other.source_path} and {draft.source_path} are the same article: they have the same uid, or one "
                "is the other's copy. Take the uid line out of one of them."
            )
        if (other.article.language, other.article.slug) == (article.language, article.slug):
            message = (
                f"{article.url} would be the page of {other.source_path} as well. "
                f"Give one of them its own address in the front matter, such as slug: {article.slug}-2"
            )
            line = draft.manuscript.lines.get("slug")
            raise ArticleError([Fault(path=draft.manuscript.path, line=line, field="slug", message=message)])
