"""Bounces: what comes back is read, in our own words, and weighed.

Comes in: the octets of a message that somebody sent to a return address of ours. Goes out: a `Report`. Pure;
called by the desk, which verifies the tokens in it.
"""

from __future__ import annotations

from newsletter.delivery.bounces.reading import read_report
from newsletter.delivery.bounces.report import Failure, Report, ReportKind, Weight
from newsletter.delivery.bounces.weights import weigh

__all__ = ["Failure", "Report", "ReportKind", "Weight", "read_report", "weigh"]
