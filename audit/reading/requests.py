"""Table 3, requests: rows aligned to the form by label, group and order, columns bound by header where one survives.

A row that cannot be placed, or whose figures cannot be told apart, is left unread and said so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import pairwise

from rapidfuzz.distance import Indel

from audit.form import IDS, Label, load
from audit.reading.document import RawCell
from audit.reading.header import FOREIGN, stacks
from audit.reading.number import label, read_cell
from audit.reading.rows import (
    Row,
    assemble,
    cell_of,
    choose,
    has_figure,
    matched,
    part,
    said,
    splits,
    trim,
    unread,
    without_blanks,
)
from audit.report import Cell, How, RowMatch, State, Table, Trouble

ACCEPT = 0.62
MARGIN = 0.08
EXACT = 0.97
"""Likeness (0-1) from which a label is taken, the lead it needs over the next best, and what counts as the same."""

_SHORT = 0.7
"""Likeness a label of at most four characters needs: one of them misprinted, or one left out."""

_NARROWEST = 6
"""Figures a row; a piece of table 3 whose rows all lost one cell still has as many."""


@dataclass(frozen=True, slots=True)
class Match:
    """A physical row taken for a row of the form: where its label ends and how alike the labels are (0-1)."""

    row: Row
    target: str
    split: int
    likeness: float
    moved: bool = False

    def as_row_match(self, *columns: str) -> RowMatch:
        """For people to follow: the label as printed, what it was taken by, how its columns were told apart."""
        own, whole = said(self.row, self.split)
        names, grouped = _names(self.target)
        by = "label" if own == names[0] else "group" if whole in grouped else "alias" if own in names else "similar"
        order = () if by in {"label", "group"} and self.likeness >= EXACT and not self.moved else ("order",)
        return matched(
            self.target, self.row, self.split, self.likeness, by, *(("moved",) if self.moved else order), *columns
        )


@cache
def _template() -> tuple[Label, ...]:
    """Rows of table 3 in order, both shapes in one: the single 其他处理 of 2019 before its three parts of 2021."""
    new = list(load("2021").tables["requests"].rows)
    single = load("2019").tables["requests"].row("other")
    place = next(i for i, row in enumerate(new) if row.id.startswith("other."))
    return (*new[:place], single, *new[place:])


@cache
def _names(target: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Accepted own labels of a row, and the same with the group before it."""
    row = next(row for row in _template() if row.id == target)
    own = tuple(label(name) for name in (row.label, *row.aliases))
    group = label(row.group)
    return own, tuple(group + name for name in own) if group else ()


def likeness(own: str, whole: str, target: str) -> float:
    """How alike a row's last label (``own``) and all its labels joined (``whole``) are to a row of the form, 0-1."""
    best = 0.0
    names, grouped = _names(target)
    if all(_speaks_of_another_year(own, name) for name in names):
        return 0.0
    for name in names:
        for spoken in {own, whole}:
            best = max(best, _alike_enough(spoken, name))
        if len(name) >= 4 and whole.endswith(name):
            best = max(best, 0.95)
    for name in grouped:
        best = max(best, _alike_enough(whole, name))
    return best


def _alike_enough(spoken: str, name: str) -> float:
    """Likeness 0-1; half of a label of four characters is a scrap of it, not a misprint."""
    cutoff = _SHORT if len(name) <= 4 else 0.4
    return Indel.normalized_similarity(spoken, name, score_cutoff=cutoff)


def _candidates(row: Row) -> dict[str, tuple[float, int]]:
    """Rows of the form this may be, each with likeness and label end; none for a row without figures or blanks."""
    found: dict[str, tuple[float, int]] = {}
    for split in splits(row):
        behind = row.readings[split:]
        if sum(reading.fills for reading in behind) < max(1, len(behind) // 2):
            continue
        here = {t: value for t, value in _alike(*said(row, split)) if not _is_subtotal(row.cells[split - 1], t)}
        if here:
            found = {t: one for t, one in found.items() if t in here or not _runs_on(row, one[1], split)}
        for target, value in here.items():
            # Among equals the last split: a label repeated over its merged cells ends with its last copy.
            if value >= found.get(target, (0.0, 0))[0]:
                found[target] = (value, split)
    return found


def _runs_on(row: Row, start: int, end: int) -> bool:
    """Whether nothing but words stands between two ends of a label: （六）其他处理 was but the group."""
    return all(reading.state is State.TEXT for reading in row.readings[start:end])


_SEVENTH = re.compile(r"\s*[（(]\s*七")


def _is_subtotal(printed: RawCell, target: str) -> bool:
    """合计 is the total of all results only as （七）; any group may have one of its own."""
    return target == "concluded" and label(printed.text) == "合计" and not _SEVENTH.match(printed.text)


@lru_cache(maxsize=4096)
def _alike(own: str, whole: str) -> tuple[tuple[str, float], ...]:
    """The rows of the form that labels may stand for, and how alike they are. Most reports print the same labels."""
    values = [(row.id, likeness(own, whole, row.id)) for row in _template()]
    # A label that is the form's own, of a row or of a group, is no misprint of another one.
    exact = own in _groups() or any(value >= EXACT for _, value in values)
    return tuple((target, value) for target, value in values if value >= (EXACT if exact else ACCEPT))


@cache
def _groups() -> frozenset[str]:
    """Labels of groups; rows of figures beside them are subtotals, unless the 2019 form has such a row."""
    return frozenset(label(row.group) for form in IDS for row in load(form).tables["requests"].rows if row.group)


_LAST_YEAR = re.compile(r"上一?年|去年|同期")


def _speaks_of_another_year(spoken: str, name: str) -> bool:
    """上年新收 is no misprint of 本年新收."""
    return bool(_LAST_YEAR.search(spoken)) and not _LAST_YEAR.search(name)


def read_requests(rows: Sequence[Row]) -> Table | None:
    """Table 3 out of all rows of a document; None where no row of it was seen."""
    rows = _mended(rows)
    candidates = _of_full_width(rows, {row.place: _candidates(row) for row in rows if len(row.cells) >= 2})
    copies = [copy for copy in _copies(rows, candidates) if len(copy) >= 3]
    if not copies:
        return None
    tables = [(_requests_of_copy(copy, rows), [match.row for match in copy]) for copy in copies]
    return choose("requests", tables)


def _of_full_width(
    rows: Sequence[Row], candidates: dict[int, dict[str, tuple[float, int]]]
) -> dict[int, dict[str, tuple[float, int]]]:
    """Without the rows of grids too narrow for table 3: statistics that borrow its labels."""
    width: Counter[int] = Counter()
    for row in rows:
        for target, (value, split) in candidates.get(row.place, {}).items():
            width[row.grid] = max(width[row.grid], len(_behind(Match(row, target, split, value))))
    narrow = {row.place for row in rows if width[row.grid] < _NARROWEST}
    return {place: found for place, found in candidates.items() if place not in narrow}


def _mended(rows: Sequence[Row]) -> list[Row]:
    """Rows whose label a page break tore in two, the figures beside one half and blanks beside the other, in one."""
    result = list(rows)
    for upper, lower in pairwise(rows):
        with_figures, without = (upper, lower) if has_figure(upper) else (lower, upper)
        if not with_figures.words or not without.words or has_figure(without):
            continue
        halves = (upper.words[-1], lower.words[-1])
        if any(_is_label(half) for half in halves) or not _is_label("".join(halves)):
            continue
        split = max(i for i, reading in enumerate(with_figures.readings) if reading.state is State.TEXT)
        whole = replace(with_figures.cells[split], text="".join(halves))
        cells = (*with_figures.cells[:split], whole, *with_figures.cells[split + 1 :])
        result = [replace(row, cells=cells) if row is with_figures else row for row in result if row is not without]
    return result


@cache
def _is_label(text: str) -> bool:
    """Whether a text is the label of a row of table 3, nearly to the letter."""
    return any(Indel.normalized_similarity(text, name) >= EXACT for row in _template() for name in _names(row.id)[0])


def _copies(rows: Sequence[Row], candidates: dict[int, dict[str, tuple[float, int]]]) -> list[list[Match]]:
    """The rows of each copy of table 3. A row that comes again in another table starts a new copy."""
    first = _template()[0].id
    named: list[tuple[Row, str | None]] = []
    for row in rows:
        if found := candidates.get(row.place):
            target, (value, _) = max(found.items(), key=lambda item: item[1][0])
            named.append((row, target if value >= EXACT else None))
    parts = part(named, lambda row, other, target: row.grid != other.grid or target == first)
    copies = [[row for row, _ in part] for part in parts]
    return [_align(copy, candidates) for copy in copies]


def _align(rows: Sequence[Row], candidates: dict[int, dict[str, tuple[float, int]]]) -> list[Match]:
    """The best placing of rows on the form that keeps the order (Needleman-Wunsch); doubtful placings are dropped."""
    targets = [row.id for row in _template()]
    height, width = len(rows), len(targets)
    score = [[0.0] * (width + 1)]
    for row in rows:
        found, above, line = candidates[row.place], score[-1], [0.0]
        for j, target in enumerate(targets, start=1):
            best = above[j] if above[j] > line[-1] else line[-1]
            if target in found:
                best = max(best, above[j - 1] + found[target][0] - 0.5)
            line.append(best)
        score.append(line)
    pairs: list[tuple[int, int]] = []
    i, j = height, width
    while i and j:
        found = candidates[rows[i - 1].place]
        gain = found.get(targets[j - 1])
        if gain and abs(score[i][j] - (score[i - 1][j - 1] + gain[0] - 0.5)) < 1e-9:
            pairs.append((i - 1, j - 1))
            i, j = i - 1, j - 1
        elif score[i][j] == score[i - 1][j]:
            i -= 1
        else:
            j -= 1
    pairs.reverse()
    certain = (_certain(n, pair, pairs, rows, targets, candidates) for n, pair in enumerate(pairs))
    matches = [match for match in certain if match]
    return sorted(matches + _out_of_order(rows, matches, candidates), key=lambda match: match.row.place)


def _out_of_order(
    rows: Sequence[Row], matches: Sequence[Match], candidates: dict[int, dict[str, tuple[float, int]]]
) -> list[Match]:
    """Rows that changed places: placed only if label and form agree letter by letter, and nothing else does."""
    placed = {match.row.place for match in matches}
    free = {row.id for row in _template()} - {match.target for match in matches} - {"other.miscellaneous", "concluded"}
    claims: dict[str, list[Match]] = {}
    for row in rows:
        exact = [(target, split) for target, (value, split) in candidates[row.place].items() if value >= EXACT]
        if row.place not in placed and len(exact) == 1 and exact[0][0] in free:
            claims.setdefault(exact[0][0], []).append(Match(row, *exact[0], 1.0, moved=True))
    return [claim[0] for claim in claims.values() if len(claim) == 1]


def _certain(
    n: int,
    pair: tuple[int, int],
    pairs: list[tuple[int, int]],
    rows: Sequence[Row],
    targets: list[str],
    candidates: dict[int, dict[str, tuple[float, int]]],
) -> Match | None:
    """The placing, unless another row of the form in between is nearly as alike, or another row claims it as well."""
    i, j = pair
    value, split = candidates[rows[i].place][targets[j]]
    after = pairs[n - 1] if n else (-1, -1)
    before = pairs[n + 1] if n + 1 < len(pairs) else (len(rows), len(targets))
    found = candidates[rows[i].place]
    for other in range(after[1] + 1, before[1]):
        if other != j and targets[other] in found and found[targets[other]][0] > value - MARGIN and value < EXACT:
            return None
    for other_row in range(after[0] + 1, before[0]):
        rival = candidates[rows[other_row].place].get(targets[j])
        if (
            other_row != i
            and rival
            and rival[0] > value - MARGIN
            and has_figure(rows[other_row])
            and rival[0] >= value - 1e-9
        ):
            return None
    return Match(rows[i], targets[j], split, value)


def _requests_of_copy(matches: Sequence[Match], rows: Sequence[Row]) -> Table:
    ids = {match.target for match in matches}
    split_other = {target for target in ids if target.startswith("other.")}
    shape = "2019" if "other" in ids and not split_other else "2021"
    form = load(shape).tables["requests"]
    own_rows = {row.id for row in form.rows}
    kept = [match for match in matches if match.target in own_rows]
    columns = _bind(kept, rows)
    cells: dict[str, Cell] = {}
    troubles: list[Trouble] = []
    placed = {match.row.place for match in kept}
    for match in kept:
        values = columns.values(match)
        if values and not has_figure(match.row) and _beside_a_stray(match.row, rows, placed):
            values = None  # a half of a torn row: its figures stand beside the other half
        if values is None:
            what = "short_row" if columns.known(match) else "columns_unknown"
            troubles.append(Trouble(what, f"requests/{match.target}", match.row.text(), match.row.cells[0].at))
            named = (f"requests/{match.target}/{column}" for column in form.columns_of[match.target])
            cells.update({cell_id: unread(cell_id, match.row) for cell_id in named})
        else:
            row = _row_cells({f"requests/{match.target}/{name}": raw for name, raw in values.items()})
            guessed = columns.guessed(match)
            cells.update({key: replace(cell, how=How.INFERRED) if guessed else cell for key, cell in row.items()})
    first, last = kept[0].row.place, kept[-1].row.place
    grids = {match.row.grid for match in kept}
    strays = [
        row
        for row in rows
        if row.grid in grids and first <= row.place <= last and row.place not in placed and has_figure(row)
    ]
    troubles += [Trouble("unmatched_row", "requests", row.text(), row.cells[0].at) for row in strays]
    extra = tuple(row.text() for row in strays)
    doubts = [*columns.doubts, *(["rows_out_of_order"] if any(match.moved for match in kept) else [])]
    by = ("count",) if {"header_missing", "columns_by_count"} & set(doubts) else ("header",)
    found = sorted((match.as_row_match(*by) for match in kept), key=lambda one: list(form.columns_of).index(one.row))
    return assemble(form, shape, cells, troubles, found, doubts, extra)


def _beside_a_stray(blank: Row, rows: Sequence[Row], placed: set[int]) -> bool:
    """Whether a row of figures that found no place stands right above or below."""
    return any(
        abs(row.place - blank.place) == 1 and row.place not in placed and has_figure(row) and row.section is not None
        for row in rows
    )


def _row_cells(values: Mapping[str, RawCell]) -> dict[str, Cell]:
    """The cells of a row. One figure torn over lines casts doubt on all: two rows may have run into one."""
    cells = {cell_id: cell_of(cell_id, raw) for cell_id, raw in values.items()}
    if any(cell.how is How.INFERRED for cell in cells.values()):
        return {cell_id: replace(cell, how=How.INFERRED) for cell_id, cell in cells.items()}
    return cells


@dataclass(frozen=True, slots=True)
class Piece:
    """How the figures of one piece of table 3 are told apart.

    ``printed`` are the columns its header prints: ids, "" without a label, FOREIGN; () where the header contradicts
    itself. ``want`` is their number, ``usual`` that of the cells behind every label (None if
    it varies), ``starts`` the grid columns of whole rows, ``level`` if they are the same in all of them. ``idle`` are
    the places of columns without any figure, ``beside`` the grid columns of most rows that have them. ``padded`` are
    the ends at which wider rows carry blanks; ``idle_or_total``: an idle column stands where 总计 is printed.
    """

    printed: tuple[str, ...]
    want: int
    usual: int | None
    uneven: bool
    starts: tuple[int, ...]
    level: bool
    idle: tuple[int, ...]
    beside: tuple[int, ...]
    padded: frozenset[int]
    idle_or_total: bool

    def values(self, match: Match, places: tuple[int, ...]) -> dict[str, RawCell] | None:
        """Column id to cell, or None: a row of six is never shifted or padded."""
        found = self._told_apart(match, places) if self.printed else None
        if found is None:
            return None
        named = list(zip(self.printed, found, strict=True))
        if any(not name and read_cell(cell.text).state is State.VALUE for name, cell in named):
            return None  # a figure in a column without a label
        return {name: cell for name, cell in named if name and name != FOREIGN}

    def _told_apart(self, match: Match, places: tuple[int, ...]) -> list[RawCell] | None:
        found = _behind(match)
        if len(found) == self.want:
            return found if self._is_whole(found, places[match.split :]) else None
        if len(found) < self.want:
            return self._behind_a_longer_label(found, places[match.split :])
        if FOREIGN in self.printed or "" in self.printed:
            ways = without_blanks(found, self.want) if len(found) == self.usual else []
            return ways[0] if len(ways) == 1 else None
        if self.idle and len(found) == self.want + len(self.idle):
            return self._without_idle(found, places[match.split :])
        return trim(found, self.want, whole=len(found) == self.usual) or self._at_usual_places(match, places)

    def guesses(self, match: Match) -> bool:
        """Whether a column left out as idle may as well be 总计 left blank, beside a column without a label."""
        return self.idle_or_total and len(_behind(match)) == self.want + len(self.idle)

    def _without_idle(self, found: list[RawCell], places: tuple[int, ...]) -> list[RawCell] | None:
        """Without the columns that hold no figure. A blank next to one may be padding in the place of a lost figure."""
        kept = [cell for n, cell in enumerate(found) if n not in self.idle]
        blank = (not kept[0].text.strip() and 0 in self.idle) or (
            not kept[-1].text.strip() and len(found) - 1 in self.idle
        )
        return None if blank and places != self.beside else kept

    def _behind_a_longer_label(self, found: list[RawCell], places: tuple[int, ...]) -> list[RawCell] | None:
        """A label may reach into the columns that the header leaves blank; the figures then stand where all do."""
        covered = self.want - len(found)
        if any(self.printed[:covered]) or not places or places != self.starts[covered:]:
            return None
        return [RawCell("")] * covered + found

    def _is_whole(self, found: list[RawCell], places: tuple[int, ...]) -> bool:
        """Whether so many cells are the figures, and not one figure less beside a blank that is none."""
        if self.uneven:
            return all(map(_filled, found))
        return all(found[end].text.strip() for end in self.padded) or (self.level and places == self.starts)

    def _at_usual_places(self, match: Match, places: tuple[int, ...]) -> list[RawCell] | None:
        """The cells at the grid columns of whole rows, if nothing stands beside them."""
        by_place = dict(zip(places[match.split :], match.row.cells[match.split :], strict=True))
        if not self.starts or any(start not in by_place for start in self.starts):
            return None
        beside = {place: cell for place, cell in by_place.items() if place not in self.starts}
        found = [by_place[start] for start in self.starts]
        # A piece that lost its outer label stands a column too far left: a blank next to a dropped one proves nothing,
        # nor does any where the rows disagree on where figures start.
        doubtful = any(
            not cell.text.strip() and (not self.level or any((place < self.starts[0]) == front for place in beside))
            for cell, front in ((found[0], True), (found[-1], False))
        )
        return None if doubtful or any(cell.text.strip() for cell in beside.values()) else found


@dataclass(frozen=True, slots=True)
class Columns:
    """The pieces of a copy by grid, the grid columns of each row's cells, and the doubts its headers leave."""

    pieces: Mapping[int, Piece]
    places: Mapping[int, tuple[int, ...]]
    doubts: tuple[str, ...]

    def known(self, match: Match) -> bool:
        return bool(self.pieces[match.row.grid].printed)

    def guessed(self, match: Match) -> bool:
        return self.pieces[match.row.grid].guesses(match)

    def values(self, match: Match) -> dict[str, RawCell] | None:
        return self.pieces[match.row.grid].values(match, self.places[match.row.place])


def _behind(match: Match) -> list[RawCell]:
    """The cells behind the label; one blank cell spanning several columns stands for that many blanks."""
    found: list[RawCell] = []
    tail = match.row.cells[match.split :]
    spread = len(tail) < 7
    for cell in tail:
        times = min(cell.colspan, 12) if spread and cell.colspan > 1 and not cell.text.strip() else 1
        found += [cell] * times
    return found


def _filled(cell: RawCell) -> bool:
    return read_cell(cell.text).state is State.VALUE


@cache
def _canonical() -> tuple[str, ...]:
    return tuple(column.id for column in load("2021").tables["requests"].columns)


def _bind(matches: Sequence[Match], rows: Sequence[Row]) -> Columns:
    """Bind columns by the header where one survives, else by the order of the form."""
    pieces: dict[int, Piece] = {}
    places: dict[int, tuple[int, ...]] = {}
    doubts: list[str] = []
    inherited: tuple[str, ...] | None = None
    for grid in sorted({match.row.grid for match in matches}):
        mine = [match for match in matches if match.row.grid == grid]
        own = [row for row in rows if row.grid == grid]
        first = min(match.row.place for match in mine)
        above = [row for row in own if row.place < first and not has_figure(row)][-_TALLEST:]
        if not pieces and not any(_names_columns(row) for row in above):
            above = [row for row in rows if row.grid == grid - 1][-_TALLEST:]
        printed, doubt = _printed(above)
        if printed is None:
            printed, doubt = (inherited or _canonical(), "" if pieces else "header_missing")
        inherited = printed
        doubts += [doubt] if doubt else []
        if FOREIGN in printed:
            doubts.append("foreign_columns")
        if [name for name in printed if name in _canonical()] not in ([], list(_canonical())):
            doubts.append("reordered_columns")
        places.update(_places(own))
        pieces[grid] = _piece(mine, printed, places)
    return Columns(pieces, places, tuple(dict.fromkeys(doubts)))


_TALLEST = 6
"""Rows of a header."""


def _piece(matches: Sequence[Match], printed: tuple[str, ...], places: Mapping[int, tuple[int, ...]]) -> Piece:
    behind = [_behind(match) for match in matches]
    usual = Counter(map(len, behind)).most_common(1)[0][0]
    if usual != len(printed):
        printed = tuple(name for name in printed if name)  # what stands under no label is told by its figures
    want = len(printed)
    surplus = [cells for cells in behind if len(cells) > want]
    full = Counter(places[m.row.place][m.split :] for m in matches if len(m.row.cells) - m.split == want)
    even = len(behind) >= _FEWEST_ROWS and {len(cells) for cells in behind if len(cells) >= want} == {usual}
    typical = [cells for cells in behind if len(cells) == usual] if usual > want else []
    beside = Counter(places[m.row.place][m.split :] for m in matches if len(m.row.cells) - m.split == usual)
    if typical and _are_apart(_figureless(typical), usual - want):
        printed = ()  # more columns without figures than there are too many, and not side by side
    idle = _idle_places(typical, want) if typical and len(matches) >= _FEWEST_ROWS else ()
    return Piece(
        printed,
        want,
        usual if even else None,
        uneven=usual != want or any(trim(cells, want, whole=True) is None for cells in surplus),
        starts=full.most_common(1)[0][0] if full and usual == want else (),
        level=len(full) == 1,
        idle=idle,
        beside=beside.most_common(1)[0][0] if beside else (),
        padded=frozenset(end for end in (0, -1) if any(not cells[end].text.strip() for cells in surplus)),
        idle_or_total=_may_be_total(printed, typical, idle),
    )


def _may_be_total(printed: tuple[str, ...], found: list[list[RawCell]], idle: tuple[int, ...]) -> bool:
    """Whether a column without figures stands at the end where 总计 is, and the sums do not say that another is it."""
    if not found:
        return False
    end = 0 if printed[:1] == ("total",) else len(found[0]) - 1 if printed[-1:] == ("total",) else None
    if end is None or end not in idle:
        return False
    rows = [[read_cell(cell.text).value for n, cell in enumerate(cells) if n not in idle] for cells in found]
    whole = [[value for value in row if value is not None] for row in rows]
    told = [row for row in whole if len(row) == len(printed) and any(row)]
    right = sum(2 * row[printed.index("total")] == sum(row) for row in told)
    return right < 0.8 * len(told)


_FEWEST_ROWS = 4
"""Rows from which a width, or a column without figures, is taken for that of the piece."""


def _figureless(found: list[list[RawCell]]) -> tuple[int, ...]:
    """Places at which no row has a figure or a mark for none."""
    states = [{read_cell(cells[n].text).state for cells in found} for n in range(len(found[0]))]
    return tuple(n for n, seen in enumerate(states) if not seen & {State.VALUE, State.DASH})


def _are_apart(idle: tuple[int, ...], surplus: int) -> bool:
    return len(idle) > surplus and idle[-1] - idle[0] + 1 != len(idle)


def _idle_places(found: list[list[RawCell]], want: int) -> tuple[int, ...]:
    """Places that hold no figure in any row, if dropping exactly these leaves the columns of the form."""
    width = len(found[0])
    columns = [[read_cell(cells[n].text).state for cells in found] for n in range(width)]
    idle = tuple(n for n, states in enumerate(columns) if State.VALUE not in states and State.DASH not in states)
    blank = all(set(columns[n]) == {State.BLANK} for n in idle)
    behind = idle == tuple(range(width - len(idle), width))  # words are taken for remarks only behind the figures
    return idle if width - len(idle) == want and (blank or behind) else ()


_ORDINALS = frozenset(["行次", "序号", "编号", "代码", "行号"])
_SPANNING = frozenset(["法人或其他组织", "申请人情况"])


@cache
def _column_names() -> dict[str, str]:
    columns = load("2021").tables["requests"].columns
    return {label(name): column.id for column in columns for name in (column.label, *column.aliases)}


def _names_columns(row: Row) -> bool:
    return any(word in _column_names() or word in _SPANNING for word in row.words)


def _column_of(word: str) -> str | None:
    """The column a label names, a misprint in a long one forgiven."""
    names = _column_names()
    if word in names or _LAST_YEAR.search(word):
        return names.get(word)
    alike = [name for name in names if len(name) >= 4 and Indel.normalized_similarity(word, name) >= 0.75]
    return names[alike[0]] if len(alike) == 1 else None


def _printed(header: Sequence[Row]) -> tuple[tuple[str, ...] | None, str]:
    """The columns a header prints, in order, and the doubt it leaves; None without a header, () if it is no use."""
    if not any(_names_columns(row) for row in header):
        return None, ""
    told = _by_words(header)
    # Places hold only within one table, and only if the spans left every column its own label.
    grid = header[-1].grid
    placed = _by_places([row for row in header if row.grid == grid])
    if placed is None:
        return (told, "columns_by_count") if told else ((), "columns_unknown")
    return placed, ""


def _by_places(header: Sequence[Row]) -> tuple[str, ...] | None:
    """The lowest label above each column; None unless each column of the form stands there once."""
    columns = _stacks(header)
    if any(stack and stack[-1] == "法人或其他组织" for stack in columns):
        return None  # its five columns stand beside it, not below: the spans are lost
    lowest = [next((text for text in reversed(stack) if text not in _SPANNING), "") for stack in columns]
    named = [_column_of(text) or (FOREIGN if text else "") for text in lowest]
    if "合计" in lowest and "total" not in named:
        named[lowest.index("合计")] = "total"
    if sorted(name for name in named if name in _canonical()) != sorted(_canonical()):
        return None
    first = min(named.index(name) for name in _canonical())
    while first and (not lowest[first - 1] or lowest[first - 1] in _ORDINALS):
        first -= 1
    return tuple(named[first:])


def _stacks(header: Sequence[Row]) -> list[tuple[str, ...]]:
    return stacks([row.cells for row in header])


def _by_words(header: Sequence[Row]) -> tuple[str, ...]:
    """The columns in the order of the words of a header that lost its spans; () where it contradicts itself."""
    names = {**_column_names(), "法人或其他组织": "legal_entities"}
    leaves: list[str] = []
    total_inside = False
    for row in header:
        found = [names[word] for word in row.words if word in names]
        total_inside = total_inside or ("total" in found and found[-1] != "total" and "legal_entities" not in found)
        if "legal_entities" in found and "business" in found:
            inner = [name for name in _canonical()[1:6] if name in found]
            leaves = [name for name in found if name not in inner]
            leaves[leaves.index("legal_entities") : leaves.index("legal_entities") + 1] = inner
        elif "legal_entities" in found:
            leaves = [*found]
        elif "legal_entities" in leaves and {"business", "research"} & set(found):
            inner = [name for name in found if name not in leaves]
            place = leaves.index("legal_entities")
            leaves = [*leaves[:place], *inner, *leaves[place + 1 :]]
        elif len(set(found)) >= 5:
            if _has_strange_words_between(row, names):
                return ()
            leaves = found
    leaves = [name for name in leaves if name != "legal_entities"]
    if len(leaves) != len(set(leaves)):
        return ()
    if "total" not in leaves and len(leaves) == 6:
        if total_inside:
            return ()
        leaves.append("total")
    if set(leaves) == set(_canonical()):
        return tuple(leaves)
    expected = [name for name in _canonical() if name in leaves]
    return _canonical() if expected == leaves else ()


def _has_strange_words_between(row: Row, names: Mapping[str, str]) -> bool:
    """Labels of columns the form does not have, between those it has."""
    known = [n for n, word in enumerate(row.words) if word in names]
    return any(not _column_of(word) for word in row.words[known[0] : known[-1] + 1] if word not in names)


def _places(rows: Sequence[Row]) -> dict[int, tuple[int, ...]]:
    """The grid column in which each cell of each row starts, spans expanded as declared (HTML table model)."""
    taken: dict[int, int] = {}
    result: dict[int, tuple[int, ...]] = {}
    for row in rows:
        starts: list[int] = []
        column = 0
        for cell in row.cells:
            while taken.get(column, 0) > 0:
                column += 1
            starts.append(column)
            for offset in range(min(cell.colspan, 64)):
                taken[column + offset] = max(taken.get(column + offset, 0), cell.rowspan)
            column += min(cell.colspan, 64)
        for place in list(taken):
            taken[place] -= 1
        result[row.place] = tuple(starts)
    return result
