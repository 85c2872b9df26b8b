"""The words around an alert: Jinja2 templates in a sandbox, one folder per language, and the page made of them.

Every value a template prints is escaped for the service it is printed for; a name that does not exist is an error.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined, TemplateError, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from notifiers.exchange import CannotBuildError
from notifiers.markup import Markup
from notifiers.view import Message

SHIPPED: Final = Path(__file__).parent / "templates"
_WRONG: Final = (
    TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)
PARTS: Final = ("title", "head", "alert", "tail")


@dataclass(frozen=True, slots=True)
class Page:
    """A message in the form of its service: a title, what leads in, one text per alert, and what is left to say.

    ``hidden`` counts the alerts that are not among ``alerts``.
    """

    title: str
    head: str
    alerts: tuple[str, ...]
    tail: str
    hidden: int

    @property
    def pieces(self) -> list[str]:
        """All texts below the title that are not empty, in order."""
        return [piece for piece in (self.head, *self.alerts, self.tail) if piece]


class Wording:
    """The templates of one language in one form.

    ``folder`` may hold templates of one's own for any of the parts; ``link`` is where the rest can be read, ``site``
    who speaks. Raises CannotBuildError for a template that cannot be read.
    """

    def __init__(
        self, markup: Markup, language: str, *, site: str, link: str | None = None, folder: Path | None = None
    ) -> None:
        folders = [path for path in (folder, SHIPPED / language) if path is not None]
        environment = ImmutableSandboxedEnvironment(
            undefined=StrictUndefined,
            finalize=markup.text,
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=False,  # finalize escapes, for every form and not for HTML alone
            loader=ChoiceLoader([FileSystemLoader(path) for path in folders]),
        )
        environment.globals = {"bold": markup.strong, "link": markup.anchor, "site": site, "home": link or ""}
        environment.filters["cut"] = markup.text
        self._line = markup.line
        with _explained():
            self._templates = {part: environment.get_template(f"{part}.j2") for part in PARTS}

    def page(self, message: Message) -> Page:
        """All of the message. Raises CannotBuildError."""
        with _explained():
            return Page(
                title=" ".join(self._lines("title", message=message)),
                head=self._text("head", message=message),
                alerts=tuple(self._text("alert", message=message, alert=alert) for alert in message.alerts),
                tail=self._tail(message, message.hidden),
                hidden=message.hidden,
            )

    def fit(self, message: Message, fits: Callable[[Page], bool]) -> Page:
        """The page with as many of its alerts, the first ones, as fit; the others are counted as hidden.

        ``fits`` must not say no to a page and yes to a longer one. Raises CannotBuildError if not even the frame fits.
        """
        whole = self.page(message)
        if fits(whole):
            return whole
        fitting, too_many = -1, len(whole.alerts)
        while too_many - fitting > 1:
            middle = (fitting + too_many) // 2
            if fits(self._shortened(whole, message, middle)):
                fitting = middle
            else:
                too_many = middle
        if fitting < 0:
            raise CannotBuildError("消息放不进通道的长度限制 / the message does not fit the channel's limit")
        return self._shortened(whole, message, fitting)

    def _shortened(self, page: Page, message: Message, shown: int) -> Page:
        hidden = message.hidden + len(page.alerts) - shown
        with _explained():
            return replace(page, alerts=page.alerts[:shown], hidden=hidden, tail=self._tail(message, hidden))

    def _tail(self, message: Message, hidden: int) -> str:
        return self._text("tail", message=message, hidden=hidden)

    def _text(self, part: str, **values: Any) -> str:
        return self._line.join(self._lines(part, **values))

    def _lines(self, part: str, **values: Any) -> list[str]:
        rendered = self._templates[part].render(**values)
        return [" ".join(line.split()) for line in rendered.splitlines() if line.strip()]


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what Jinja2 and the values of a template raise into the template, its line and what is wrong."""
    try:
        yield
    except CannotBuildError:
        raise
    except _WRONG as error:
        raise CannotBuildError(f"模板有误 / a template is wrong: {_place(error)}: {error}") from None


def _place(error: BaseException) -> str:
    """``alert.j2:3``: Jinja2 puts the template's own lines into tracebacks."""
    if isinstance(error, TemplateSyntaxError):
        return f"{error.name or '?'}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames if frame.filename.endswith(".j2")]
    return lines[-1] if lines else type(error).__name__
