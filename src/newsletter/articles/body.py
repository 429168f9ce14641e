"""Raw HTML of any origin to an article's body: sanitised, levelled, with anchors of its own.

The stations in their order: look at the weight, read as browsers do, take the title out, mend, seal.
"""

from __future__ import annotations

from dataclasses import dataclass

from newsletter.articles.characters import one_line
from newsletter.articles.limits import MAX_NESTING
from newsletter.articles.links import scheme_of
from newsletter.articles.markup import MISSED, SCHEMES
from newsletter.articles.sanitiser import open_tree, seal
from newsletter.articles.structure import level_headings, mend, own_anchors, scope_headers, take_heading, text_of
from newsletter.articles.summary import summarise
from newsletter.articles.tree import depth, holds
from newsletter.articles.visible import Words, collect
from newsletter.articles.weight import TOO_DEEP, objection_to_html
from newsletter.model import Finding, Severity


class NotABodyError(ValueError):
    """The HTML cannot become a body; the message is the sentence for the author."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Body:
    """An article's body, and what was learnt from it.

    `heading` is the title found in it, already taken out; `source_text` the visible words of the raw
    HTML without that title; `summary` its first words. `html` is empty without any word or picture.
    """

    html: str
    heading: str | None
    source_text: str
    summary: str
    findings: tuple[Finding, ...]


def make_body(raw: str, *, path: str, title: str | None, prefix: str) -> Body:
    """The body that the HTML `raw` becomes.

    With a `title`, only an h1 saying the same is taken out. `prefix` makes ids unique among articles.
    Raises NotABodyError for what is too deep, too dense or too entangled.
    """
    if sentence := objection_to_html(raw):
        raise NotABodyError(sentence)
    words = collect(raw)
    root = open_tree(raw)
    heading = take_heading(root, title=title)
    source_text = words.text.replace(" ".join(heading.split()), "", 1) if heading else words.text
    own_anchors(root, prefix=prefix)
    scope_headers(root)
    mend(root)
    # Last: mending takes headings away, and those that stay must not count them.
    level_headings(root)
    if depth(root) > MAX_NESTING:
        raise NotABodyError(TOO_DEEP)
    html = seal(root)
    if html is None:
        raise NotABodyError("its tags are too entangled to be cleaned. Close each tag inside the one it was opened in.")
    is_empty = not text_of(root).strip() and not holds(root, ("img",))
    return Body(
        html="" if is_empty else html.strip(),
        heading=heading or one_line(words.page_title) or None,
        source_text=" ".join(source_text.split()),
        summary=summarise(root),
        findings=_findings(words, path=path),
    )


def _findings(words: Words, *, path: str) -> tuple[Finding, ...]:
    found: list[Finding] = []

    def warn(code: str, message: str, advice: str) -> None:
        found.append(Finding(code=code, severity=Severity.WARNING, message=message, advice=advice, place=path))

    missed = sorted(words.tags & MISSED)
    if missed:
        names = ", ".join(f"<{tag}>" for tag in missed)
        warn("removed-markup", f"Left out, since no mail shows it: {names}.", "Say it in text, or link to it.")
    schemes = [(tag, scheme_of(address.strip())) for tag, address in words.addresses]
    if any(scheme == "data" and tag == "img" for tag, scheme in schemes):
        advice = "Save the picture as a file beside the article and name that file."
        warn("data-image", "A picture written into the text itself (data:) was left out.", advice)
    unsafe = sorted({scheme for tag, scheme in schemes if scheme not in {"", *SCHEMES} and tag != "img"})
    if unsafe:
        names = ", ".join(f"{scheme}:" for scheme in unsafe)
        warn("unsafe-link", f"Links of a kind that is not allowed were taken out: {names}", "Link to http or https.")
    return tuple(found)
