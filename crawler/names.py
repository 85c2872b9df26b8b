"""Organisation names as portals write them: the official form, the everyday short form, with or without a region."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import takewhile

from crawler.cms.page import clean

# Everyday short forms of offices; both sides of a comparison are brought to the short one. Longer ones first.
_SHORT_FORMS = (
    ("机构编制委员会办公室", "编办"),
    ("管理委员会", "管委会"),
    ("委员会", "委"),
    ("人民政府", "政府"),
    ("街道办事处", "街道"),
    ("办公室", "办"),
    ("办公厅", "办"),
    ("发展和改革", "发改"),
    ("发展改革", "发改"),
    ("人力资源和社会保障", "人社"),
    ("人力资源社会保障", "人社"),
    ("卫生健康", "卫健"),
    ("市场监督管理", "市场监管"),
    ("住房和城乡建设", "住建"),
    ("住房城乡建设", "住建"),
    ("工业和信息化", "工信"),
    ("工业信息化", "工信"),
    ("退役军人事务", "退役军人"),
    ("国有资产监督管理", "国资"),
    ("民族和宗教事务", "民宗"),
    ("民族宗教事务", "民宗"),
    ("文化广电和旅游", "文广旅"),
    ("文化广电旅游", "文广旅"),
    ("文化和旅游", "文旅"),
    ("城市管理", "城管"),
    ("医疗保障", "医保"),
)
# What stands before the name of the place: of the party, and of offices that answer to the capital.
_PARTY = re.compile(r"^(?:中国共产党|中共|国家税务总局|中华人民共和国)")
_PROVINCE = re.compile(
    r"^(?:中华人民共和国)?(?:[一-龥]{2,7}(?:省|自治区|特别行政区)|(?:北京|上海|天津|重庆)市)?(?:[一-龥]{2,10}自治州)?$"
)
_HAS_REGION = re.compile(r"^(?![市县区州旗盟])[一-龥]{1,9}?[市州盟区县旗]")
_REGION_END = re.compile(r"[省市区县旗州盟乡镇]$")
_SEAT = re.compile(r"^(.{2,}?)(?:政府|管委会)$")
_REGION = re.compile(r"^(?:[一-龥]{1,10}(?:省|市|区|县|旗|州|盟))+$")


@lru_cache(maxsize=10_000)
def plain(name: str) -> str:
    """The name in short forms, without white space or the party's prefix; only for comparing."""
    text = _PARTY.sub("", clean(name))
    for long, short in _SHORT_FORMS:
        text = text.replace(long, short)
    return text


def is_region(text: str) -> bool:
    """示例市, 某省某市: a place and nothing else."""
    return bool(_REGION.match(text))


def above(prefix: str, name: str, region: str) -> bool:
    """Whether ``prefix`` is the higher region in front of ``name``: 某省 + 示例市教育局; never 甲县 + 教育局."""
    if region and (region.endswith(prefix) or prefix.endswith(region)):
        return True
    if not _HAS_REGION.match(name):
        # An alias that begins with its own 市 or 县: 示例 + 市教育局.
        return bool(region) and name[:1] in "市县区州旗" and region.endswith(prefix + name[0])
    return bool(_PROVINCE.match(prefix)) or (bool(region) and region.startswith(prefix))


def without_region(short: str, name: str) -> bool:
    """Whether ``short`` is ``name`` with its region left out: 市教育局 or 教育局 for 示例市教育局."""
    if len(short) < 3 or short == name or not name.endswith(short):
        return False
    left = name[: -len(short)]
    return bool(_REGION_END.search(left) or (short[0] in "市县区州旗" and is_region(left + short[0])))


def seat(name: str) -> str:
    """The place that stands for its authority in titles: 示例市 for 示例市政府, 青石镇, 高新区; empty for others."""
    found = _SEAT.match(name)
    return found[1] if found else ""


def abbreviates(short: str, long: str) -> bool:
    """Whether ``short`` may be said for ``long``: 教体局 for 教育体育局; a word that stands in it whole is no such."""
    if short[-1:] != long[-1:] or len(short) == len(long):
        return False
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(short, long, strict=False)))
    start = max(same - 1, 0) if same and not is_region(short[:same]) else same
    few, many = short[start:], long[start:]
    if not 3 <= len(few) < len(many) <= 2 * len(few) + 2 or few[:-1] in many:
        return False
    rest = iter(many)
    return all(sign in rest for sign in few)
