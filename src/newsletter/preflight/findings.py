"""Findings by their severity, in short: an error keeps an output home, a warning and a note do not."""

from __future__ import annotations

from newsletter.model import Finding, Output, Severity


def error(code: str, message: str, *, advice: str, place: str = "", output: Output = Output.ALL) -> Finding:
    """A finding that keeps `output` home: something would be lost, unreadable or unlawful."""
    return Finding(code=code, severity=Severity.ERROR, message=message, advice=advice, place=place, output=output)


def warning(code: str, message: str, *, advice: str, place: str = "", output: Output = Output.ALL) -> Finding:
    """A finding that is shown: some readers would meet an obstacle."""
    return Finding(code=code, severity=Severity.WARNING, message=message, advice=advice, place=place, output=output)


def note(code: str, message: str, *, advice: str, place: str = "", output: Output = Output.ALL) -> Finding:
    """A finding for the curious: nothing is wrong, something could be better."""
    return Finding(code=code, severity=Severity.NOTE, message=message, advice=advice, place=place, output=output)
