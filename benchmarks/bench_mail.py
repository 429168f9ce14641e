"""What dressing an edition and filling a message cost, beside what one would use otherwise.

Run it: ``python benchmarks/bench_mail.py``. Medians of several rounds, in CPU time; trust the ratios.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import css_inline

from newsletter.mail import EditionFacts, EditionText, compile_variant, compose_variant
from newsletter.mail.inline import inline_css
from newsletter.model import Article, EditionKind, Mailbox, Masthead, Recipient, SubscriberId, Variant

ROOT = Path(__file__).parents[1]
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
PARAGRAPHS = {
    "en": "The first frost came on a Sunday, and with it the boats. They lie three deep along the east wall now. ",
    "ar": "في الشتاء يتغير الضوء في الميناء، يأتي منخفضًا من الشرق ويمتد ظل المنارة حتى الجدار الشرقي. ",
}


def masthead() -> Masthead:
    return Masthead(
        title="The Harbour Post",
        slug="harbour-post",
        description="News from the quay.",
        base_url="https://news.example.org",
        language="en",
        languages=("en", "ar"),
        fallback={},
        time_zone="Europe/Paris",
        publisher="Harbour Press, 1 Quay Street, Exampletown",
        list_id="harbour-post.news.example.org",
        sender=Mailbox(name="The Harbour Post", address="news@example.org"),
        reply_to=None,
        owner="owner@example.org",
        bounce_domain="example.org",
    )


def edition(language: str, octets: int) -> EditionText:
    sentence = PARAGRAPHS[language]
    paragraph = f"<p>{sentence * 4}</p><h2>{sentence}</h2><ul><li>{sentence}</li></ul>"
    article = Article(
        uid="tag:news.example.org,2026-11-24:bench",
        group_uid="g",
        slug="bench",
        language=language,
        title="The harbour in winter",
        summary="",
        author="Ada Quay",
        body_html=paragraph * max(1, octets // len(paragraph.encode())),
        url=f"https://news.example.org/{language}/bench/",
        published_at=NOW,
        updated_at=NOW,
    )
    return EditionText(
        articles=(article,),
        text_bodies=(sentence * max(1, octets // len(sentence.encode())),),
        furniture=language,
        subject=None,
        edition_url="https://news.example.org/editions/bench/",
        seed=b"bench",
    )


def recipient(number: int) -> Recipient:
    return Recipient(
        subscriber_id=SubscriberId(number),
        uid=f"s{number}",
        address=f"reader{number}@example.org",
        name="Ada Quay",
        token=f"{number:026}",
        preferences=f"{number:026}",
    )


def median_s(act: Callable[[], object], rounds: int, times: int = 1) -> float:
    """CPU seconds for one call of `act`: the median of `rounds`, each of `times` calls."""
    taken = []
    for _ in range(rounds):
        start = time.process_time()
        for _ in range(times):
            act()
        taken.append((time.process_time() - start) / times)
    return statistics.median(taken)


def with_email_message(variant: Variant, reader: Recipient) -> bytes:
    """The same message as most programs build it: replace, then an EmailMessage for each reader."""
    values = {"TOKEN": reader.token, "ADDRESS": reader.address, "PREFERENCES": reader.preferences}
    text, html = variant.text, variant.html
    for name, mark in variant.placeholders.items():
        text, html = text.replace(mark, values[name]), html.replace(mark, values[name])
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = "news@example.org", reader.address, variant.subject
    message["List-Unsubscribe"] = f"<https://news.example.org/u/{reader.token}>"
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    return message.as_bytes()


def cold_ms(language: str, octets: int) -> float:
    """Milliseconds of the first variant of a fresh process, imports included."""
    script = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import time; start = time.process_time(); "
        f"import bench_mail as b; b.compose_variant(b.templates(), b.edition({language!r}, {octets}), "
        "masthead=b.masthead()); print((time.process_time() - start) * 1000)"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return float(run.stdout)


def templates() -> dict[str, str]:
    return {f"email/{path.name}": path.read_text("utf-8") for path in (ROOT / "templates" / "email").iterdir()}


def main() -> None:
    theme, head = templates(), masthead()
    facts = EditionFacts(uid="bench", kind=EditionKind.SINGLE, article_uids=("x",), archived_at="https://example.org/")
    print(
        "| edition | HTML KB | wire KB | compose, cold ms | compose, warm ms | inline ms | css-inline ms | compile ms |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    compiled = {}
    css = theme["email/inline.css"]
    inliner = css_inline.CSSInliner(load_remote_stylesheets=False)
    for language, octets in (("en", 5_000), ("en", 30_000), ("ar", 30_000)):
        made = edition(language, octets)
        variant = compose_variant(theme, made, masthead=head)
        page = f"<div>{made.articles[0].body_html}</div>"
        one = compile_variant(variant, facts, masthead=head)
        compiled[f"{language} {octets // 1000} KB"] = (variant, one)
        cells = (
            len(variant.html.encode()) / 1000,
            len(one.fill(recipient(1), now=NOW)) / 1000,
            statistics.median(cold_ms(language, octets) for _ in range(3)),
            median_s(lambda made=made: compose_variant(theme, made, masthead=head), 9) * 1000,
            median_s(lambda page=page: inline_css(page, css), 9) * 1000,
            median_s(lambda page=page: inliner.inline(f"<style>{css}</style>{page}"), 9) * 1000,
            median_s(lambda variant=variant: compile_variant(variant, facts, masthead=head), 9) * 1000,
        )
        print(f"| {language} {octets // 1000} KB |" + "".join(f" {cell:.1f} |" for cell in cells))
    print("\n| edition | fill μs | messages/s | EmailMessage μs | ratio |\n|---|---:|---:|---:|---:|")
    for name, (variant, one) in compiled.items():
        ours = median_s(lambda one=one: one.fill(recipient(7), now=NOW), 15, 500)
        theirs = median_s(lambda variant=variant: with_email_message(variant, recipient(7)), 9, 10)
        print(f"| {name} | {ours * 1e6:.1f} | {1 / ours:,.0f} | {theirs * 1e6:,.0f} | {theirs / ours:.0f} |")


if __name__ == "__main__":
    main()
