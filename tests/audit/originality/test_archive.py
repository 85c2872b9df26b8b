"""The index of an archive: copies are found, likeness is exact, and what all organs write is no copy."""

from __future__ import annotations

import random

import pytest

from audit.originality import FEWEST, passage, shingles, similarity
from audit.originality.archive import SCHEME, Index, is_current, near, signature, template

LETTERS = [chr(0x4E00 + number) for number in range(900)]


def text(seed: int, length: int = 900) -> str:
    rng = random.Random(seed)
    return "".join(rng.choices(LETTERS, k=length))


def edited(words: str, edits: int, seed: int = 0) -> str:
    rng = random.Random(seed)
    letters = list(words)
    for place in rng.sample(range(len(letters)), edits):
        letters[place] = "Ж"
    return "".join(letters)


def indexed(texts: dict[int, str]) -> Index:
    index = Index()
    for key, words in texts.items():
        assert index.add(key, signature(words))
    return index


def test_every_copy_is_found_and_nothing_else() -> None:
    texts = {number: text(number) for number in range(300)}
    copies = {1000 + number: edited(texts[number], 8, number) for number in range(0, 300, 10)}
    index = indexed(texts | copies)

    for key, words in copies.items():
        (found,) = near(words, index, texts.__getitem__, skip=(key,))
        assert found.key == key - 1000
        assert found.similarity == similarity(shingles(words), shingles(texts[found.key])) >= 0.8
    assert near(texts[1], index, (texts | copies).__getitem__, skip=(1,)) == ()


def test_likeness_is_exact_whatever_the_estimate_says() -> None:
    texts = {1: text(1)}
    index = indexed(texts)
    words = edited(texts[1], 21)

    alike = similarity(shingles(words), shingles(texts[1]))

    assert 0.7 < alike < 0.8
    assert near(words, index, texts.__getitem__) == ()
    assert [one.similarity for one in near(words, index, texts.__getitem__, least=0.7)] == [alike]


def test_a_text_shared_by_hundreds_is_found_with_a_bounded_number_of_looks() -> None:
    texts = dict.fromkeys(range(1200), text(5))
    index = indexed(texts)
    looked: list[int] = []

    def words_of(key: int) -> str:
        looked.append(key)
        return texts[key]

    found = near(text(5), index, words_of, limit=20)

    assert len(found) == len(looked) == 20


def test_the_template_of_an_archive_is_no_copy() -> None:
    common = text(7, 700)
    texts = {number: common + text(100 + number, 150) for number in range(60)}
    index = indexed(texts)
    shared = template(texts.values())

    assert near(texts[3], index, texts.__getitem__, skip=(3,), least=0.6)
    assert near(texts[3], index, texts.__getitem__, skip=(3,), least=0.6, template=shared) == ()
    assert shared >= shingles(common)
    assert not shared & shingles(text(103, 150))


def test_a_template_needs_its_share_of_the_texts() -> None:
    rare, usual = text(8, 200), text(9, 200)
    texts = [
        text(number, 200) + (usual if number % 3 == 0 else rare if number % 12 == 1 else "") for number in range(600)
    ]

    shared = template(texts, share=0.2)

    assert shared >= shingles(usual)
    assert not shared & shingles(rare)


@pytest.mark.parametrize("words", ["", "短", text(1, FEWEST)])
def test_a_short_text_has_no_signature_and_no_likeness(words: str) -> None:
    assert signature(words) == b""
    assert not Index().add(1, b"")
    assert similarity(shingles(words), shingles(words)) == 0.0


def test_a_signature_of_another_scheme_is_left_out() -> None:
    old = b"\x00\x00" + signature(text(1))[len(SCHEME) :]

    index = Index()

    assert not is_current(old)
    assert not index.add(1, old)
    assert list(index.candidates(signature(text(1)), 0.8)) == []


def test_a_signature_is_the_same_in_every_process() -> None:
    assert signature(text(1))[:10].hex() == "0102da1420006822d803"


def test_the_longest_common_passage_is_shown() -> None:
    words = text(1, 50) + "依申请公开专题培训" + text(2, 50)

    assert passage(words, shingles(text(3, 30) + "依申请公开专题培训" + text(4, 30))) == "依申请公开专题培训"
    assert passage(words, shingles(text(5, 30))) == ""
