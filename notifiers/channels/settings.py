"""What a channel is told by its configuration."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from notifiers.secret import Secret


class ChannelSettingsError(ValueError):
    """A channel cannot work as configured. The message never holds the address or a secret."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of all types; each type reads what it knows.

    ``secrets`` is the current one first, then those being rotated out; for mail the password. ``site`` is who speaks,
    ``language`` (zh, en) and ``templates`` (a folder with wording of one's own) shape the text, ``link`` is where the
    rest of it can be read. A message of more than ``storm`` alerts is summed up; None: none is. ``scheme`` (standard,
    github) is how a webhook signs, ``keyword`` what a robot insists on seeing.
    """

    url: Secret
    secrets: tuple[Secret, ...] = ()
    site: str = "年审 nianshen"
    language: str = "zh"
    link: str | None = None
    templates: Path | None = None
    scheme: str = "standard"
    keyword: str | None = None
    storm: int | None = None
    username: str | None = None
    sender: str | None = None
    recipients: tuple[str, ...] = ()
