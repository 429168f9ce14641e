"""Publishes one article as feed entries, an email to each reader, and a web page."""

__version__ = "0.1.0"
