"""The page behind a link: Chinese first, English beside it, everything escaped, no script, nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, StrictUndefined, Template

from nianshen.calendar import zone
from nianshen.cli.output import safe
from nianshen.config import Config

_HERE: Final = files("nianshen.acknowledging")
_STYLE: Final = (_HERE / "page.css").read_text(encoding="utf-8")
_DIGEST: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

HEADERS: Final = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_DIGEST}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}


def draw(config: Config, **values: Any) -> str:
    """The page; ``values`` are those of the template. Instants are shown in the zone of the site."""
    local = zone(config.site.timezone)

    def clock(instant: datetime) -> str:
        return instant.astimezone(local).strftime("%Y-%m-%d %H:%M")

    return _template().render(site=config.site.name, days=_days(config), clock=clock, style=_STYLE, **values)


def _days(config: Config) -> int:
    links = config.observe.acknowledge
    return links.days if links else 0


@cache
def _template() -> Template:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, finalize=_harmless, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string((_HERE / "page.html.j2").read_text(encoding="utf-8"))


def _harmless(value: Any) -> Any:
    """Foreign text without what is invisible or turns its neighbours around; escaping comes after it."""
    return safe(value) if type(value) is str else value
