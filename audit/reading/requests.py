"""Table 3, requests: rows aligned to the form by label, group and order, columns bound by header where one survives.

A row that cannot be placed, or whose figures cannot be told apart, is left unread and said so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import pairwise

from rapidfuzz.distance import Indel

from audit.form import FormTable, Label, load
from audit.reading.document import RawCell
from audit.reading.number import label, read_cell
from audit.reading.rows import Row, cell_of, choose, has_figure, part, said, splits, trim, unread
from audit.report import Cell, How, State, Table, Trouble

ACCEPT = 0.62
MARGIN = 0.08
EXACT = 0.97
"""Likeness (0-1) from which a label is taken, the lead it needs over the next best, and what counts as the same."""


@dataclass(frozen=True, slots=True)
class Match:
    """A physical row taken for a row of the form: where its label ends and how alike the labels are (0-1)."""

    row: Row
    target: str
    split: int
    likeness: float


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
    for name in names:
        for spoken in {own, whole}:
            best = max(best, Indel.normalized_similarity(spoken, name, score_cutoff=0.4))
        if len(name) >= 4 and whole.endswith(name):
            best = max(best, 0.95)
    for name in grouped:
        best = max(best, Indel.normalized_similarity(whole, name, score_cutoff=0.4))
    return best


def _candidates(row: Row) -> dict[str, tuple[float, int]]:
    """Rows of the form this may be, each with likeness and label end; none for a row without figures or blanks."""
    found: dict[str, tuple[float, int]] = {}
    for split in splits(row):
        behind = row.readings[split:]
        if sum(reading.fills for reading in behind) < max(1, len(behind) // 2):
            continue
        for target, value in _alike(*said(row, split)):
            # Among equals the last split: a label repeated over its merged cells ends with its last copy.
            if value >= found.get(target, (0.0, 0))[0]:
                found[target] = (value, split)
    return found


@lru_cache(maxsize=4096)
def _alike(own: str, whole: str) -> tuple[tuple[str, float], ...]:
    """The rows of the form that labels may stand for, and how alike they are. Most reports print the same labels."""
    values = ((row.id, likeness(own, whole, row.id)) for row in _template())
    return tuple((target, value) for target, value in values if value >= ACCEPT)


def read_requests(rows: Sequence[Row]) -> Table | None:
    """Table 3 out of all rows of a document; None where no row of it was seen."""
    rows = _mended(rows)
    candidates = {row.place: _candidates(row) for row in rows if len(row.cells) >= 2}
    copies = [copy for copy in _copies(rows, candidates) if len(copy) >= 3]
    if not copies:
        return None
    tables = [(_requests_of_copy(copy, rows), [match.row for match in copy]) for copy in copies]
    return choose("requests", tables)


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
            claims.setdefault(exact[0][0], []).append(Match(row, *exact[0], 1.0))
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
    shape = "2019" if "other" in ids and len(split_other) < 2 else "2021"
    form = load(shape).tables["requests"]
    own_rows = {row.id for row in form.rows}
    kept = [match for match in matches if match.target in own_rows]
    first, last = kept[0].row.place, kept[-1].row.place
    grids = {match.row.grid for match in kept}
    columns = _bind(kept, rows)
    cells: dict[str, Cell] = {}
    troubles: list[Trouble] = []
    placed = {match.row.place for match in matches}
    for match in kept:
        values = columns.values(match) if columns.order else None
        if values and not has_figure(match.row) and _beside_a_stray(match.row, rows, placed):
            values = None  # a half of a torn row: its figures stand beside the other half
        if values is None:
            at = match.row.cells[0].at
            what = "columns_unknown" if not columns.order else "short_row"
            troubles.append(Trouble(what, f"requests/{match.target}", match.row.text(), at))
        named = [f"requests/{match.target}/{column}" for column in columns.order or form.columns_of[match.target]]
        if values is None:
            cells.update({cell_id: unread(cell_id, match.row) for cell_id in named})
        else:
            cells.update(_row_cells(named, values))
    extra = []
    for row in rows:
        if row.grid in grids and first <= row.place <= last and row.place not in placed and has_figure(row):
            extra.append(row.text())
            troubles.append(Trouble("unmatched_row", "requests", row.text(), row.cells[0].at))
    missing = tuple(row.id for row in form.rows if row.id not in ids)
    for row_id in missing:
        for column in form.columns_of[row_id]:
            cells[f"requests/{row_id}/{column}"] = Cell(f"requests/{row_id}/{column}", State.ABSENT)
    ordered = {cell_id: cells[cell_id] for cell_id in form.cells}
    known = sum(cell.state is not State.ABSENT and cell.state is not State.UNREADABLE for cell in ordered.values())
    sure = sum(match.likeness for match in kept) / len(kept)
    return Table(
        "requests",
        shape,
        ordered,
        tuple(troubles),
        missing,
        tuple(extra),
        round(sure * known / len(ordered), 3),
    )


def _beside_a_stray(blank: Row, rows: Sequence[Row], placed: set[int]) -> bool:
    """Whether a row of figures that found no place stands right above or below."""
    return any(
        abs(row.place - blank.place) == 1 and row.place not in placed and has_figure(row) and row.section is not None
        for row in rows
    )


def _row_cells(ids: Sequence[str], values: Sequence[RawCell]) -> dict[str, Cell]:
    """The cells of a row. One figure torn over lines casts doubt on all: two rows may have run into one."""
    cells = {cell_id: cell_of(cell_id, raw) for cell_id, raw in zip(ids, values, strict=True)}
    if any(cell.how is How.INFERRED for cell in cells.values()):
        return {cell_id: replace(cell, how=How.INFERRED) for cell_id, cell in cells.items()}
    return cells


@dataclass(frozen=True, slots=True)
class Columns:
    """How the figures of a copy are told apart; ``order`` is () where the header contradicts itself.

    By piece: ``starts`` are the grid columns of full rows, ``dropped`` the places of columns without any figure.
    ``uneven`` are pieces with a column too many: a row of seven there has lost a figure, unless both ends are filled.
    """

    order: tuple[str, ...]
    starts: dict[int, tuple[int, ...]]
    dropped: dict[int, tuple[int, ...]]
    uneven: frozenset[int]
    places: dict[int, tuple[int, ...]]

    def values(self, match: Match) -> list[RawCell] | None:
        """The seven cells of a row, or None: a row of six is never shifted or padded."""
        want = len(self.order)
        found = _behind(match)
        if len(found) == want:
            whole = match.row.grid not in self.uneven or (_filled(found[0]) and _filled(found[-1]))
            return found if whole else None
        drop = self.dropped.get(match.row.grid)
        if drop and len(found) == want + len(drop):
            return [cell for n, cell in enumerate(found) if n not in drop]
        if len(found) < want:
            return None
        trimmed = trim(found, want)
        if trimmed is not None:
            return trimmed
        starts = self.starts.get(match.row.grid)
        if starts:
            by_place = {
                self.places[match.row.place][match.split + n]: cell
                for n, cell in enumerate(match.row.cells[match.split :])
            }
            if all(start in by_place for start in starts):
                rest = [cell for place, cell in by_place.items() if place not in starts]
                if all(not cell.text.strip() for cell in rest):
                    return [by_place[start] for start in starts]
        return None


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


def _bind(matches: Sequence[Match], rows: Sequence[Row]) -> Columns:
    """Bind columns by the header where one survives, else by the order of the form."""
    form = load("2021").tables["requests"]
    canonical = tuple(column.id for column in form.columns)
    first = matches[0].row
    grids = {match.row.grid for match in matches}
    header = [row for row in rows if row.place < first.place and (row.grid in grids or row.grid == first.grid - 1)][-6:]
    order = _header_order(header, form, canonical)
    places: dict[int, tuple[int, ...]] = {}
    starts: dict[int, tuple[int, ...]] = {}
    dropped: dict[int, tuple[int, ...]] = {}
    uneven: set[int] = set()
    want = len(canonical)
    for grid in grids:
        places.update(_places([row for row in rows if row.grid == grid]))
        mine = [match for match in matches if match.row.grid == grid]
        behind = {match.row.place: _behind(match) for match in mine}
        usual = Counter(len(cells) for cells in behind.values()).most_common(1)[0][0]
        surplus = [cells for cells in behind.values() if len(cells) > want]
        if usual != want or any(trim(cells, want) is None for cells in surplus):
            uneven.add(grid)
        if usual == want:
            full = Counter(places[m.row.place][m.split :] for m in mine if len(m.row.cells) - m.split == want)
            starts[grid] = full.most_common(1)[0][0] if full else ()
        elif len(mine) >= 4:
            dropped[grid] = _idle_places([cells for cells in behind.values() if len(cells) == usual], want)
    return Columns(order, starts, dropped, frozenset(uneven), places)


def _idle_places(found: list[list[RawCell]], want: int) -> tuple[int, ...]:
    """Places that hold no figure in any row, if dropping exactly these leaves the columns of the form."""
    width = len(found[0])
    columns = [[read_cell(cells[n].text).state for cells in found] for n in range(width)]
    idle = tuple(n for n, states in enumerate(columns) if State.VALUE not in states and State.DASH not in states)
    blank = all(set(columns[n]) == {State.BLANK} for n in idle)
    behind = idle == tuple(range(width - len(idle), width))  # words are taken for remarks only behind the figures
    return idle if width - len(idle) == want and (blank or behind) else ()


def _header_order(header: Sequence[Row], form: FormTable, canonical: tuple[str, ...]) -> tuple[str, ...]:
    """Column ids in printed order: the form's unless the header says otherwise, () where it contradicts itself."""
    names = {label(name): column.id for column in form.columns for name in (column.label, *column.aliases)}
    names["法人或其他组织"] = "legal_entities"
    leaves: list[str] = []
    for row in header:
        found = [names[word] for word in row.words if word in names]
        if "legal_entities" in found:
            leaves = [*found]
        elif "legal_entities" in leaves and {"business", "research"} & set(found):
            inner = [name for name in found if name not in leaves]
            place = leaves.index("legal_entities")
            leaves = [*leaves[:place], *inner, *leaves[place + 1 :]]
        elif len(set(found)) >= 5:
            leaves = found
    leaves = [name for name in leaves if name != "legal_entities"]
    if len(leaves) != len(set(leaves)):
        return ()
    if "total" not in leaves and len(leaves) == 6:
        leaves.append("total")
    if set(leaves) == set(canonical):
        return tuple(leaves)
    expected = [name for name in canonical if name in leaves]
    return canonical if expected == leaves else ()


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
