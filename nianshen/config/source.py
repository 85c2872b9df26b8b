"""YAML text to plain values that remember where each of them stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from nianshen.config.problems import ConfigError, Problem

MOST_BYTES = 8 * 1024 * 1024
_MOST_NODES = 200_000
_DEEPEST = 40
_TAG = "tag:yaml.org,2002:"

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A file with line and column from 1."""

    file: str
    line: int = 1
    column: int = 1

    def problem(self, code: str, message: str) -> Problem:
        return Problem(self.file, self.line, self.column, code, message)


@dataclass(slots=True)
class Source:
    """Plain ``data`` with the place of every value and key, and the problems met so far.

    ``broken`` holds paths whose value is unusable and already reported.
    """

    file: str
    data: Any = None
    values: dict[Path, Place] = field(default_factory=dict)
    keys: dict[Path, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    broken: set[Path] = field(default_factory=set)

    def place(self, path: Path, *, key: bool = False) -> Place:
        """Where ``path`` stands, or the nearest thing around it that stands somewhere."""
        if key and path in self.keys:
            return self.keys[path]
        while path and path not in self.values:
            path = path[:-1]
        return self.values.get(path, Place(self.file))

    def report(self, path: Path, code: str, message: str, *, key: bool = False) -> None:
        """Note a problem at ``path``."""
        self.problems.append(self.place(path, key=key).problem(code, message))


def parse(text: str, file: str) -> Source:
    """Read YAML. Raises ConfigError for a text that has no tree at all: syntax, depth, an alias bomb."""
    try:
        # The pure loader: its marks are exact and it runs everywhere.
        node = YAML(typ="rt", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
        said = " ".join((error.problem or error.context or "").split())
        raise ConfigError([place.problem("CFG004", f"YAML 语法错误 / YAML syntax: {said}")]) from error
    except YAMLError as error:
        raise ConfigError([_unreadable_character(text, file, error)]) from error
    except (RecursionError, ValueError) as error:
        raise ConfigError([Place(file).problem("CFG003", "嵌套过深 / nested too deeply")]) from error
    source = Source(file)
    source.values[()] = Place(file)
    source.data = _Reader(source).value(node, ()) if node is not None else {}
    return source


class _Reader:
    """Walks the node tree; counts nodes so that aliases of aliases cannot exhaust memory."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._seen = 0

    def value(self, node: Node, path: Path) -> Any:
        place = self._place(node)
        self._source.values[path] = place
        self._seen += 1
        if self._seen > _MOST_NODES or len(path) > _DEEPEST:
            message = "内容过多或别名展开过深 / too many values, or aliases that expand without end"
            raise ConfigError([*self._source.problems, place.problem("CFG003", message)])
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                self._source.problems.append(self._place(key_node).problem("CFG012", "键须为文字 / a key must be text"))
                continue
            key = str(key_node.value)
            here = (*path, key)
            if key in result:
                first = self._source.keys[here].line
                message = f"键 {key} 重复，第 {first} 行已有 / duplicate key {key!r}, first on line {first}"
                self._source.problems.append(self._place(key_node).problem("CFG005", message))
                continue
            self._source.keys[here] = self._place(key_node)
            result[key] = self.value(value_node, here)
        return result

    def _scalar(self, node: Node, path: Path) -> str | int | float | bool | None:
        text = str(node.value)
        kind = str(node.tag or "").removeprefix(_TAG)
        match kind:
            case "null":
                return None
            case "bool":
                return text.lower() in {"true", "yes", "on"}
            case "int" | "float":
                return _number(text, kind)
            case "str" | "timestamp" | "!" | "":
                return text
        self._source.report(path, "CFG004", f"不支持的标记 / unsupported tag {kind}")
        self._source.broken.add(path)
        return None

    def _place(self, node: Node) -> Place:
        return Place(self._source.file, node.start_mark.line + 1, node.start_mark.column + 1)


def _number(text: str, kind: str) -> int | float | str:
    try:
        return int(text, 10) if kind == "int" else float(text)
    except ValueError:
        return text


def _unreadable_character(text: str, file: str, error: YAMLError) -> Problem:
    position = getattr(error, "position", None)
    before = text[:position] if isinstance(position, int) else ""
    line = before.count("\n") + 1
    column = len(before) - (before.rfind("\n") + 1) + 1
    return Problem(file, line, column, "CFG004", "有 YAML 不允许的字符 / a character YAML does not allow")
