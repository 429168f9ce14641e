"""What notices say, in the reader's language.

Comes in: `NoticeWanted` and the masthead. Goes out: text for the mail craft. Pure. Called by the
readers' desk.
"""

from __future__ import annotations

from datetime import timedelta

from newsletter.i18n import load_words
from newsletter.mail import NoticeText
from newsletter.model import Mailbox, Masthead
from newsletter.subscribers.wanted import NoticeKind, NoticeWanted


def notice_text(wanted: NoticeWanted, *, masthead: Masthead) -> NoticeText:
    """The words of a notice, in the reader's language: nothing in them was typed by a stranger."""
    words = load_words(wanted.language)
    say, name = words.say, masthead.title
    # The last whole day on which the link works, wherever the reader is.
    until = words.date(wanted.expires_at - timedelta(hours=12), masthead.time_zone)
    press = say("If it was you, press the button on the page behind this link. It works until {date}.", date=until)
    ignore = say("If it was not you, do nothing. You will not be written to about it again today.")
    paragraphs: tuple[str, ...]
    button: tuple[str, str] | None = None
    confirm, choose = f"{masthead.base_url}/c/{wanted.token}", f"{masthead.base_url}/p/{wanted.token}"
    match wanted.kind:
        case NoticeKind.CONFIRM:
            subject = say("Please confirm your subscription to {newsroom}", newsroom=name)
            asked = say("Somebody asked for {newsroom} by email at this address.", newsroom=name)
            forget = say("If it was not you, do nothing: no email will come, and the address is forgotten.")
            paragraphs = (asked, press, forget)
            button = (say("Confirm the subscription"), confirm)
        case NoticeKind.ALREADY:
            subject = say("You are already subscribed to {newsroom}", newsroom=name)
            asked = say("Somebody asked for {newsroom} by email at this address.", newsroom=name)
            already = say("The address is subscribed already, and nothing has changed.")
            choices = say("Behind this link you choose how often it comes, on which topics and in which language.")
            paragraphs = (asked, already, choices)
            button = (say("Change your choices"), choose)
        case NoticeKind.ADDRESS:
            subject = say("Please confirm your new address for {newsroom}", newsroom=name)
            asked = say("A reader of {newsroom} asked to get it at this address from now on.", newsroom=name)
            paragraphs = (asked, press, ignore)
            button = (say("Confirm the new address"), confirm)
        case NoticeKind.MOVED:
            subject = say("Your address for {newsroom} was changed", newsroom=name)
            moved = say("{newsroom} goes to another address now, as was confirmed there.", newsroom=name)
            paragraphs = (moved, say("If that was not you, write to {address}.", address=masthead.contact))
        case NoticeKind.RETURN:
            subject = say("Do you want {newsroom} back?", newsroom=name)
            ended = say("The subscription of this address has ended. Somebody says that this was a mistake.")
            paragraphs = (ended, press, ignore)
            button = (say("Subscribe again"), confirm)
    return NoticeText(
        to=Mailbox(name="", address=wanted.to_address),
        subject=subject,
        paragraphs=paragraphs,
        language=wanted.language,
        button=button,
    )
