"""``${VAR}``, ``${VAR:-default}`` and ``${file:/path}`` in values. ``$${`` stands for a literal ``${``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nianshen.config import source as yaml

_REFERENCE = re.compile(r"\$\$\{|\$\{([^{}]*)\}|\$\{")
_VARIABLE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)
_PASSWORD_IN_URL = re.compile(r"://[^/@:]*:(?!\$\{[^{}]*\}@)[^/@]+@")
_MOST_BYTES = 64 * 1024
_ROBOTS = frozenset({"feishu", "dingtalk", "wecom", "slack", "teams"})
SECRET_KEYS = frozenset({"secret", "password", "token"})


def expand(source: yaml.Source, env: Mapping[str, str], directory: Path) -> None:
    """Replace the references in ``source.data``; report what is missing and every literal secret."""
    source.data = _Expander(source, env, directory).value(source.data, ())


class _Expander:
    def __init__(self, source: yaml.Source, env: Mapping[str, str], directory: Path) -> None:
        self._source = source
        self._env = env
        self._directory = directory

    def value(self, value: Any, path: yaml.Path, *, secret: bool = False) -> Any:
        if isinstance(value, dict):
            return {
                key: self.value(item, (*path, key), secret=secret or key in SECRET_KEYS or _is_token(value, key, path))
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [self.value(item, (*path, index), secret=secret) for index, item in enumerate(value)]
        literal = (secret and value is not None and not _from_outside(str(value))) or (
            isinstance(value, str) and _PASSWORD_IN_URL.search(value)
        )
        if literal and path not in self._source.broken:
            message = '秘密不得写在文件里 / a literal secret; write "${VAR}" 或/or "${file:/path}"'
            self._fail(path, "CFG032", message)
            return None
        return self._text(value, path) if isinstance(value, str) else value

    def _text(self, text: str, path: yaml.Path) -> str:
        return _REFERENCE.sub(lambda match: self._resolve(match, path), text)

    def _resolve(self, match: re.Match[str], path: yaml.Path) -> str:
        if match[0] == "$${":
            return "${"
        inside = match[1]
        if inside is not None and inside.startswith("file:"):
            return self._file(inside.removeprefix("file:"), path)
        variable = _VARIABLE.fullmatch(inside or "")
        if variable is None:
            self._fail(path, "CFG034", "引用写法不对 / bad reference: ${VAR}, ${VAR:-default} or ${file:/path}")
            return ""
        name, default = variable.groups()
        found = self._env.get(name)
        if default is not None:
            return found or default
        if found is None:
            self._fail(path, "CFG030", f"环境变量 {name} 未设置 / environment variable {name} is not set")
            return ""
        return found

    def _file(self, name: str, path: yaml.Path) -> str:
        target = self._directory / name
        try:
            with target.open("rb") as stream:
                data = stream.read(_MOST_BYTES + 1)
            if len(data) > _MOST_BYTES:
                self._fail(path, "CFG031", f"文件 {name} 过大 / file {name} is larger than 64 KiB")
            return data.decode("utf-8").rstrip("\r\n")
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "not UTF-8"
            self._fail(path, "CFG031", f"读不到文件 {name} / cannot read file {name}: {reason}")
            return ""

    def _fail(self, path: yaml.Path, code: str, message: str) -> None:
        self._source.report(path, code, message)
        self._source.broken.add(path)


def _is_token(section: dict[str, Any], key: str, path: yaml.Path) -> bool:
    """Whether the value is an address that is itself the secret: of a channel, or of the ping.

    A robot's address without encryption leads to a gateway of the private network, which knows its own tokens.
    """
    if (*path, key) == ("observe", "ping"):
        return True
    if key != "url" or path[:1] != ("channels",):
        return False
    encrypted = not str(section[key]).startswith("http://")
    return section.get("type") == "apprise" or (section.get("type") in _ROBOTS and encrypted)


def _from_outside(text: str) -> bool:
    """Whether the text is one reference and nothing else, without a secret as its default."""
    match = _REFERENCE.fullmatch(text)
    return bool(match and match[1] is not None and not re.search(r":-.", match[1]))
