"""Which words may stand beside a figure without changing what it counts.

Any word nobody thought of may change it (月均, 单日最多, 外单位移送的). So the words that change nothing are listed, in
``plain.toml``, and a figure between others is never held against a table.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache, lru_cache
from importlib.resources import files

from audit.publisher import in_order

_WORDS: dict[str, str] = tomllib.loads((files("audit.narrative") / "plain.toml").read_text(encoding="utf-8"))
_SHAPES = (
    r"20\d\d年?|\d{1,2}月|\d+|[、:：/·“”\"()〔〕《》\s\ue001\ue002]",
    r"[我本该全](?:省|自治区|市|县|区|镇|乡|州|盟|旗|街道|街|局|委|厅|办公室|办|部|中心|单位|机关|院|队|支队|处|所|馆|站|会|系统|域)+",
    r"(?:各|市直|县直|区直|级|镇街|乡镇|县市区|县区|职能部门|公开主体){2,}",
    r"[从就][^，]{0,4}(?:结果|方式|主体|情况|类型|类别|对象|内容|数量|申请人)来?看|按[^，]{0,6}[分看]",
)


@cache
def _words(*kinds: str) -> re.Pattern[str]:
    words = {word for kind in ("all", *kinds) for word in _WORDS[kind].split()}
    return re.compile("|".join((*_SHAPES, *sorted(words, key=len, reverse=True))))


_NAME = re.compile(
    r"(?:(?![代表由经及和与共在向])[\u4e00-\u9fff]){1,14}?(?:局|委|厅|办公室|办|政府|镇|乡|街道|处|中心|部|院|区|县|市)"
)


def strange(words: str, agency: str, *kinds: str) -> str:
    """What is left of words once all that change no count, and the organ's own names, are taken out.

    ``kinds``: the parts of ``plain.toml`` that are plain here, beside those that always are.
    """
    rest = _rest(words, kinds)
    if not rest:
        return rest
    named = _NAME.sub(lambda found: "" if within(found.group(), agency) else found.group(), words)
    return rest if named == words else _rest(named, kinds)


@lru_cache(maxsize=4096)
def _rest(words: str, kinds: tuple[str, ...]) -> str:
    return _words(*kinds).sub("", words)


_PARENT = re.compile(r"(.*?(?:局|委|厅|政府))(?=.*(?:分局|办公[室厅]|[支大]队|中心|所|站|处|科|办)$)")


def within(name: str, agency: str) -> bool:
    """Whether a name shortens the agency's own (县住建局): its characters stand in it in order.

    What the name of a part begins with (市公安局 of 市公安局示例区分局) is the organ above it, not the part.
    """
    above = _PARENT.match(agency)
    return in_order(name, agency) and not (above and in_order(name, above.group(1)))
