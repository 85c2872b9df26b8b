"""Texts that repeat: an organ's own of last year, and what all organs of an archive say alike."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.nianshen.office import MORNING, NAMES, YEAR, Office, opened, report

OWN = (
    "围绕义务教育招生这一群众最关心的事项，把学区划分、学位余量、报名流程和咨询电话做成一张图，贴进每所小学的校门口公告栏；"
    "民办学校的收费备案表逐校上网，家长可以按校名检索；校外培训机构的白名单每月更新，撤销资质的当天下线并写明缘由；"
    "高考阅卷点和考场的交通管制提前半个月告知周边居民，志愿填报讲座全程录像供回看。"
)


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    with opened(tmp_path, monkeypatch) as made:
        yield made


def a_year_older(data: bytes) -> bytes:
    """The same page with every year one less: a report that was written over."""
    return data.replace(b"2025", b"2024").replace(b"2026", b"2025")


def with_words_of_its_own(data: bytes) -> bytes:
    """The page, its overview begun by what no other organ says."""
    return data.replace("（一）主动公开。".encode(), f"（一）主动公开。{OWN}".encode(), 1)


def signed_by(data: bytes, organisation: str) -> bytes:
    """The page of the bureau of education under another name."""
    return data.replace(NAMES["edu"].encode(), NAMES[organisation].encode())


def accused(office: Office) -> set[tuple[str, str]]:
    return {(row.organisation, row.rule) for row in office.findings() if row.rule in {"Q001", "Q002", "Q004"}}


def test_an_organ_that_only_changed_its_figures_repeats_itself(office: Office) -> None:
    for one in NAMES:
        office.publish(one, report(one))
    own = with_words_of_its_own(report("edu"))
    office.publish("edu", own)
    office.publish("edu", a_year_older(own), year=YEAR - 1)

    office.run(MORNING)

    assert accused(office) == {("edu", "Q001")}


def test_what_all_organs_of_an_archive_say_alike_is_nobodys_copy(office: Office) -> None:
    template = report("edu")
    for one in NAMES:
        office.publish(one, signed_by(template, one))
        office.publish(one, a_year_older(signed_by(template, one)), year=YEAR - 1)

    office.run(MORNING)

    assert accused(office) == set()
