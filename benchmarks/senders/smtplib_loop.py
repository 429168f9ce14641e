"""The usual loop: an EmailMessage for each reader, one connection: python -m senders.smtplib_loop FOLDER PORT COUNT.

It remembers nothing; a crash leaves nobody who knows whom it has mailed.
"""

from __future__ import annotations

import smtplib
import sys
from email.message import EmailMessage
from pathlib import Path

from senders.letter import keys, read_letter, reader
from senders.stopwatch import Stopwatch

from newsletter.model import Masthead, Recipient, Variant


def build(variant: Variant, masthead: Masthead, recipient: Recipient) -> EmailMessage:
    """The reader's message as most programs make it."""
    values = {
        "TOKEN": recipient.token,
        "ADDRESS": recipient.address,
        "PREFERENCES": recipient.preferences,
        "NAME": recipient.name,
    }
    text, html = variant.text, variant.html
    for name, mark in variant.placeholders.items():
        text, html = text.replace(mark, values[name]), html.replace(mark, values[name])
    message = EmailMessage()
    message["From"], message["To"] = masthead.sender.address, recipient.address
    message["Subject"], message["Message-ID"] = variant.subject, f"<e1.{recipient.uid}@news.example.org>"
    message["List-Unsubscribe"] = f"<{masthead.base_url}/u/{recipient.token}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    return message


def main(arguments: list[str]) -> None:
    folder, port, count = Path(arguments[0]), int(arguments[1]), int(arguments[2])
    variant, masthead = read_letter(folder)
    signing = keys()
    with Stopwatch() as watch, smtplib.SMTP("127.0.0.1", port, local_hostname="bench.example.org") as smtp:
        for number in range(1, count + 1):
            smtp.send_message(build(variant, masthead, reader(number, signing)))
    watch.print(count)


if __name__ == "__main__":
    main(sys.argv[1:])
