"""Which words may stand beside a figure without changing what it counts.

Any word nobody thought of may change it (月均, 单日最多, 外单位移送的). So the words that change nothing are listed, in
``plain.toml``, and a figure between others is never held against a table.
"""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files

_WORDS: dict[str, str] = tomllib.loads((files("audit.narrative") / "plain.toml").read_text(encoding="utf-8"))
_SHAPES = (
    r"20\d\d年?|\d{1,2}月|\d+|[、:：/·“”\"()〔〕\s\ue001\ue002]",
    r"[我本该全](?:省|自治区|市|县|区|镇|乡|州|盟|旗|街道|街|局|委|厅|办公室|办|部|中心|单位|机关|院|队|支队|处|所|馆|站|会|系统|域)+",
    r"(?:各|市直|县直|区直|级|镇街|乡镇|县市区|县区|职能部门|公开主体){2,}",
)


def _any_of(words: str) -> re.Pattern[str]:
    return re.compile("|".join((*_SHAPES, *sorted(words.split(), key=len, reverse=True))))


_PLAIN, _PLAIN_OF_RESULTS = _any_of(_WORDS["all"]), _any_of(_WORDS["all"] + _WORDS["reasons"])
_NAME = re.compile(
    r"(?:(?![代表由经及和与共在向])[\u4e00-\u9fff]){1,14}?(?:局|委|厅|办公室|办|政府|镇|乡|街道|处|中心|部|院|区|县|市)"
)


def strange(words: str, agency: str = "", *, reasons: bool = False) -> str:
    """What is left of words once all that change no count, and the organ's own names, are taken out.

    ``reasons``: the words of results, reviews and denials are plain, too.
    """
    words = _NAME.sub(lambda found: "" if within(found.group(), agency) else found.group(), words)
    return (_PLAIN_OF_RESULTS if reasons else _PLAIN).sub("", words)


def within(name: str, agency: str) -> bool:
    """Whether a name shortens the agency's own: its characters stand in it in order (县住建局)."""
    rest = iter(agency)
    return all(sign in rest for sign in name)
