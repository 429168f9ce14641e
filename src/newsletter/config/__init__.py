"""The settings of one newsroom: read once at the door, checked as a whole, frozen inside.

Comes in: the newsroom's folder and the environment. Goes out: `Config`, or `ConfigError` with every
fault at once. The doors load it; the desk hands its parts to the rooms. Importing this package does
not import pydantic: only `load_config` needs it, and it costs 0.2 s.
"""

from newsletter.config.load import load_config
from newsletter.config.settings import Config, TransportSettings

__all__ = ["Config", "TransportSettings", "load_config"]
