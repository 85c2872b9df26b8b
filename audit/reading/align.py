"""Raw tables to the cells of the form, by evidence: labels, groups and order; never by position alone.

A row that cannot be placed, or whose figures cannot be told apart, is left unread and said so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from itertools import pairwise

from rapidfuzz.distance import Indel

from audit.form import FormTable, Label, load
from audit.reading.document import Grid, RawCell
from audit.reading.number import Reading, label, read_cell
from audit.report import Cell, How, State, Table, Trouble

ACCEPT = 0.62
MARGIN = 0.08
EXACT = 0.97


@dataclass(frozen=True, slots=True)
class Row:
    """A physical row with what its cells hold. ``place`` counts rows over the document; ``section`` it stands in."""

    place: int
    grid: int
    cells: tuple[RawCell, ...]
    readings: tuple[Reading, ...]
    section: str | None = None
    hidden: bool = False
    words: tuple[str, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        """The labels of the text cells, in order, are asked for many times."""
        pairs = zip(self.cells, self.readings, strict=True)
        words = tuple(label(cell.text) for cell, reading in pairs if reading.state is State.TEXT)
        object.__setattr__(self, "words", words)

    def text(self) -> str:
        return " | ".join(" ".join(cell.text.split()) for cell in self.cells)


_DISPUTES = 15
"""Cells of table 4. A row of so many is kept although blank: the table may have been left empty."""


def rows_of(grids: Iterable[tuple[Grid, str | None]]) -> list[Row]:
    """Every non-empty physical row of the grids in order; each grid with the section it stands in."""
    found: list[Row] = []
    for number, (grid, section) in enumerate(grids):
        for cells in grid.rows:
            readings = tuple(read_cell(cell.text) for cell in cells)
            if len(cells) == _DISPUTES or any(reading.state is not State.BLANK for reading in readings):
                found.append(Row(len(found), number, cells, readings, section, grid.hidden))
    return found


# --- table 3 -----------------------------------------------------------------------------------------------------


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
        for said in {own, whole}:
            best = max(best, Indel.normalized_similarity(said, name, score_cutoff=0.4))
        if len(name) >= 4 and whole.endswith(name):
            best = max(best, 0.95)
    for name in grouped:
        best = max(best, Indel.normalized_similarity(whole, name, score_cutoff=0.4))
    return best


def _splits(row: Row) -> list[int]:
    """Where the label may end: after a text cell, if something stands behind it."""
    ends = [i + 1 for i, reading in enumerate(row.readings[:5]) if reading.state is State.TEXT]
    return [end for end in ends if end < len(row.cells)]


def _said(row: Row, split: int) -> tuple[str, str]:
    words = [
        label(cell.text)
        for cell, reading in zip(row.cells[:split], row.readings[:split], strict=True)
        if reading.state is State.TEXT
    ]
    return (words[-1], "".join(words)) if words else ("", "")


def _candidates(row: Row) -> dict[str, tuple[float, int]]:
    """Rows of the form this may be, each with likeness and label end; none for a row without figures or blanks."""
    found: dict[str, tuple[float, int]] = {}
    for split in _splits(row):
        behind = row.readings[split:]
        if sum(reading.fills for reading in behind) < max(1, len(behind) // 2):
            continue
        for target, value in _alike(*_said(row, split)):
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
    return _choose("requests", tables)


def _mended(rows: Sequence[Row]) -> list[Row]:
    """Rows whose label a page break tore in two, the figures beside one half and blanks beside the other, in one."""
    result = list(rows)
    for upper, lower in pairwise(rows):
        with_figures, without = (upper, lower) if _has_figure(upper) else (lower, upper)
        if not with_figures.words or not without.words or _has_figure(without):
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
    parts = _part(named, lambda row, other, target: row.grid != other.grid or target == first)
    copies = [[row for row, _ in part] for part in parts]
    return [_align(copy, candidates) for copy in copies]


def _part(
    named: Sequence[tuple[Row, str | None]], again: Callable[[Row, Row, str], bool]
) -> list[list[tuple[Row, str | None]]]:
    """Part rows into copies of a table: a name that comes ``again`` starts one and takes its grid's rows along."""
    copies: list[list[tuple[Row, str | None]]] = []
    for foreign in (False, True):
        copies += _part_of([item for item in named if _is_foreign(item[0]) is foreign], again)
    return copies


def _is_foreign(row: Row) -> bool:
    """Hidden, outside the report or announced as another year's: never a piece of the report's own table."""
    return row.hidden or row.section is None


def _part_of(
    named: Sequence[tuple[Row, str | None]], again: Callable[[Row, Row, str], bool]
) -> list[list[tuple[Row, str | None]]]:
    copies: list[list[tuple[Row, str | None]]] = [[]]
    seen: dict[str, Row] = {}
    for row, name in named:
        if name and name in seen and again(row, seen[name], name):
            along = [item for item in copies[-1] if item[0].grid == row.grid and seen[name].grid != row.grid]
            copies[-1] = [item for item in copies[-1] if item not in along]
            copies.append(along)
            seen = {known: owner for owner, known in along if known}
        if name:
            seen.setdefault(name, row)
        copies[-1].append((row, name))
    return [copy for copy in copies if copy]


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
            and _has_figure(rows[other_row])
            and rival[0] >= value - 1e-9
        ):
            return None
    return Match(rows[i], targets[j], split, value)


def _has_figure(row: Row) -> bool:
    return any(reading.state is State.VALUE for reading in row.readings)


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
        if values and not _has_figure(match.row) and _beside_a_stray(match.row, rows, placed):
            values = None  # a half of a torn row: its figures stand beside the other half
        if values is None:
            at = match.row.cells[0].at
            what = "columns_unknown" if not columns.order else "short_row"
            troubles.append(Trouble(what, f"requests/{match.target}", match.row.text(), at))
        named = [f"requests/{match.target}/{column}" for column in columns.order or form.columns_of[match.target]]
        if values is None:
            cells.update({cell_id: _unread(cell_id, match.row) for cell_id in named})
        else:
            cells.update(_row_cells(named, values))
    extra = []
    for row in rows:
        if row.grid in grids and first <= row.place <= last and row.place not in placed and _has_figure(row):
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
        abs(row.place - blank.place) == 1 and row.place not in placed and _has_figure(row) and row.section is not None
        for row in rows
    )


def _row_cells(ids: Sequence[str], values: Sequence[RawCell]) -> dict[str, Cell]:
    """The cells of a row. One figure torn over lines casts doubt on all: two rows may have run into one."""
    cells = {cell_id: _cell(cell_id, raw) for cell_id, raw in zip(ids, values, strict=True)}
    if any(cell.how is How.INFERRED for cell in cells.values()):
        return {cell_id: replace(cell, how=How.INFERRED) for cell_id, cell in cells.items()}
    return cells


def _cell(cell_id: str, raw: RawCell, *, change: bool = False) -> Cell:
    reading = read_cell(raw.text, change=change)
    return Cell(cell_id, reading.state, reading.value, raw.text, reading.how, raw.at, reading.unit)


def _unread(cell_id: str, row: Row) -> Cell:
    """A cell whose row was found but whose figure cannot be told apart; the whole row is quoted."""
    return Cell(cell_id, State.UNREADABLE, raw=row.text(), at=row.cells[0].at)


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
        trimmed = _trim(found, want)
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


def _trim(cells: list[RawCell], want: int) -> list[RawCell] | None:
    """Drop blanks before or behind the figures, if only one way to do so exists and leaves no remark among them."""
    surplus = len(cells) - want
    ways = [
        cells[lead : lead + want]
        for lead in range(surplus + 1)
        if all(not cell.text.strip() for cell in (*cells[:lead], *cells[lead + want :]))
    ]
    if len(ways) != 1 or any(not read_cell(cell.text).fills for cell in ways[0]):
        return None
    return ways[0]


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
        if usual != want or any(_trim(cells, want) is None for cells in surplus):
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


# --- table 2 -----------------------------------------------------------------------------------------------------


@cache
def _disclosure_rows() -> dict[str, str]:
    """Normalised label to row id, both forms."""
    names: dict[str, str] = {}
    for shape in ("2021", "2019"):
        for row in load(shape).tables["disclosure"].rows:
            for name in (row.label, *row.aliases):
                names[label(name)] = row.id
    return names


@cache
def _disclosure_columns() -> dict[str, tuple[str, str]]:
    """Normalised column label to (column id, shape); a label both forms share carries an empty shape."""
    names: dict[str, tuple[str, str]] = {}
    for shape in ("2021", "2019"):
        for column in load(shape).tables["disclosure"].columns:
            for name in (column.label, *column.aliases):
                key = label(name)
                names[key] = (column.id, shape if key not in names else "")
    return names


@lru_cache(maxsize=4096)
def _column_of(word: str) -> tuple[str, str] | None:
    """The column a header cell names; the unit behind a fee header does not matter."""
    names = _disclosure_columns()
    if word in names:
        return names[word]
    for name, column in names.items():
        if len(name) >= 5 and (word.startswith(name) or Indel.normalized_similarity(word, name) >= 0.85):
            return column
    return None


@dataclass(slots=True)
class _Found:
    """A row of table 2 with the header in force above it."""

    row: Row
    target: str
    split: int
    header: tuple[tuple[str, str], ...]


def read_disclosure(rows: Sequence[Row]) -> Table | None:
    """Table 2 out of all rows of a document: stacked, in pieces, or laid out in a single row."""
    hits: dict[int, _Found] = {}
    named: list[tuple[Row, str | None]] = []
    header: tuple[tuple[str, str], ...] = ()
    blocks = False
    for row in rows:
        words = row.words
        if not words:
            continue
        found = tuple(column for word in words if (column := _column_of(word)))
        if found and not _has_figure(row):
            header = found
            continue
        if any("第二十条第" in "".join(cell.text.split()) for cell in row.cells) and not _has_figure(row):
            blocks = True
            header = ()
            continue
        hit = _disclosure_row(row)
        if not hit:
            continue
        target, split = hit
        if not (header or blocks or row.section == "disclosure"):
            continue
        hits[row.place] = _Found(row, target, split, header)
        named.append((row, target))
    copies = [[hits[row.place] for row, _ in part] for part in _part(named, lambda *_: True)]
    tables = [
        (_disclosure_of_copy(copy), [hit.row for hit in copy])
        for copy in copies
        if len(copy) >= 2 or (copy and copy[0].header)
    ]
    if wide := _disclosure_wide(rows):
        tables.append((wide, []))
    return _choose("disclosure", tables) if tables else None


def _disclosure_row(row: Row) -> tuple[str, int] | None:
    best: tuple[float, str, int] = (0.0, "", 0)
    for split in _splits(row):
        if not all(reading.fills or reading.state is State.TEXT for reading in row.readings[split:]):
            continue
        value, target = _disclosure_name(*_said(row, split))
        if value >= best[0]:
            best = (value, target, split)
    return (best[1], best[2]) if best[0] >= 0.8 else None


@lru_cache(maxsize=4096)
def _disclosure_name(own: str, whole: str) -> tuple[float, str]:
    """The row of table 2 whose label is most like one of these, and how alike; the last of equals."""
    names = reversed(_disclosure_rows().items())
    alike = ((max(Indel.normalized_similarity(said, name) for said in (own, whole)), row) for name, row in names)
    return max(alike, key=lambda item: item[0])


def _disclosure_of_copy(found: Sequence[_Found]) -> Table:
    votes = Counter(shape for hit in found for _, shape in hit.header if shape)
    votes.update("2019" for hit in found if hit.target in {"other_services", "procurement"})
    shape = votes.most_common(1)[0][0] if votes else "2021"
    form = load(shape).tables["disclosure"]
    cells: dict[str, Cell] = {}
    troubles: list[Trouble] = []
    for hit in found:
        if hit.target not in form.columns_of:
            continue
        want = form.columns_of[hit.target]
        values = _disclosure_values(hit, want)
        if values is None:
            troubles.append(Trouble("short_row", f"disclosure/{hit.target}", hit.row.text(), hit.row.cells[0].at))
        for column in want:
            cell_id = f"disclosure/{hit.target}/{column}"
            raw = values.get(column) if values else None
            cells[cell_id] = _cell(cell_id, raw, change=column == "items_change") if raw else _unread(cell_id, hit.row)
    return _table(form, shape, cells, troubles)


def _disclosure_values(hit: _Found, want: tuple[str, ...]) -> dict[str, RawCell] | None:
    """Column id to cell; None if the figures cannot be told apart."""
    tail = list(hit.row.cells[hit.split :])
    printed = tuple(column for column, _ in hit.header) if set(want) == {c for c, _ in hit.header} else want
    if len(tail) > len(want) and (single := _without_repeats(tail, hit.header)):
        return single
    if len(tail) > len(want) and _are_remarks(tail, len(want)):
        tail = tail[: len(want)]
    if len(tail) > len(want):
        filled = [cell for cell in tail if cell.text.strip()]
        if len(want) == 1:
            if len(filled) <= 1:
                return {want[0]: filled[0] if filled else tail[0]}
            return None
        trimmed = _trim(tail, len(want))
        if trimmed is None:
            return None
        tail = trimmed
    if len(tail) < len(want):
        if len(tail) == 1 and not tail[0].text.strip() and tail[0].colspan >= len(want):
            tail *= len(want)
        else:
            return None
    return dict(zip(printed, tail, strict=True))


def _without_repeats(tail: Sequence[RawCell], header: tuple[tuple[str, str], ...]) -> dict[str, RawCell] | None:
    """A merged cell printed once for each column it spans, header and figures alike; None if the copies differ."""
    if len(header) != len(tail):
        return None
    found: dict[str, RawCell] = {}
    for (column, _), cell in zip(header, tail, strict=True):
        if found.setdefault(column, cell).text != cell.text:
            return None
    return found if len(found) < len(tail) else None


def _are_remarks(tail: Sequence[RawCell], want: int) -> bool:
    """Figures in every column of the form, and behind them nothing that could be one."""
    states = [read_cell(cell.text).state for cell in tail]
    return all(state is State.VALUE for state in states[:want]) and State.VALUE not in states[want:]


def _disclosure_wide(rows: Sequence[Row]) -> Table | None:
    """The single-row layout: all row labels side by side, their columns below, then one row of figures."""
    names = _disclosure_rows()
    for n, row in enumerate(rows):
        heads = [names[word] for word in row.words if word in names]
        for shape in ("2021", "2019"):
            form = load(shape).tables["disclosure"]
            if heads != [r.id for r in form.rows]:
                continue
            for below in rows[n + 1 : n + 4]:
                if len(below.cells) == len(form.cells) and all(reading.fills for reading in below.readings):
                    cells = {cell_id: _cell(cell_id, raw) for cell_id, raw in zip(form.cells, below.cells, strict=True)}
                    return _table(form, shape, cells, [])
    return None


def _table(form: FormTable, shape: str, cells: dict[str, Cell], troubles: list[Trouble]) -> Table:
    present = {cell_id.split("/")[1] for cell_id in cells}
    missing = tuple(row.id for row in form.rows if row.id not in present)
    ordered = {cell_id: cells.get(cell_id) or Cell(cell_id, State.ABSENT) for cell_id in form.cells}
    known = sum(cell.state not in {State.ABSENT, State.UNREADABLE} for cell in ordered.values())
    return Table(form.name, shape, ordered, tuple(troubles), missing, (), round(known / len(ordered), 3))


# --- table 4 -----------------------------------------------------------------------------------------------------

_GROUPS = {
    "行政复议": "review",
    "未经复议直接起诉": "direct_suit",
    "复议后起诉": "suit_after_review",
    "经复议后起诉": "suit_after_review",
}


@dataclass(slots=True)
class _Header:
    """The header rows above the figures: the groups they name, in order, and the five columns of each."""

    groups: list[str]
    leaves: list[str]


@dataclass(frozen=True, slots=True)
class _Group:
    """One of the three groups as found: its five cells (None where they cannot be told apart), in the printed order."""

    row: Row
    values: tuple[RawCell, ...] | None
    order: tuple[str, ...]
    header: _Header


def read_disputes(rows: Sequence[Row]) -> Table | None:
    """Table 4: fifteen figures in one row, or the groups stacked, with or without a label before the figures."""
    form = load("2021").tables["disputes"]
    names = {label(column.label): column.id for column in form.columns}
    copies: list[dict[str, _Group]] = [{}]
    header: _Header | None = None
    spent = False
    for row in rows:
        words = row.words
        groups = list(dict.fromkeys(_GROUPS[word] for word in words if word in _GROUPS))
        leaves = [names[word] for word in words if word in names]
        figures = sum(reading.fills and reading.state is not State.BLANK for reading in row.readings)
        if header is None and row.section == "disputes" and len(row.cells) == _DISPUTES and not words:
            header = _Header([], [])  # fifteen figures in their own section need no header
        if header and (figures >= 4 or _is_left_empty(row, header)) and len(words) <= 2 and not leaves:
            for target, group in _disputes_row(row, groups, header, form):
                known = copies[-1].get(target)
                if known and known.header is not header:
                    copies.append({})
                again = known is not None and known.header is header
                copies[-1][target] = _same_row_twice(known, group) if known and again else group
            spent = True
        elif groups or len(set(leaves)) >= 3:
            if spent or header is None:
                header, spent = _Header([], []), False
            header.groups += [name for name in groups if name not in header.groups]
            header.leaves += leaves
    tables = [(_disputes_of(copy, form), [group.row for group in copy.values()]) for copy in copies if copy]
    return _choose("disputes", tables) if tables else None


def _disputes_row(row: Row, named: list[str], header: _Header, form: FormTable) -> list[tuple[str, _Group]]:
    """The groups one row of figures fills, as its own labels or the header above it say."""
    order = tuple(column.id for column in form.columns)
    start = next(i for i, reading in enumerate(row.readings) if reading.fills)
    if named:
        start = max(i for i, cell in enumerate(row.cells) if label(cell.text) in _GROUPS) + 1
    targets = named or header.groups
    tail = list(row.cells[start:])
    if not targets and len(tail) == 15:
        targets = [group.id for group in form.rows]
    if len(tail) > 5 * len(targets):
        tail = _trim(tail, 5 * len(targets)) or tail
    printed = _leaf_order(header.leaves, len(targets), order)
    fits = len(tail) == 5 * len(targets) and printed is not None
    if not fits and any(word not in _GROUPS for word in row.words):
        return []  # a row with a label of its own: another table's
    return [
        (
            target,
            _Group(
                row,
                tuple(tail[5 * n : 5 * n + 5]) if fits else None,
                printed[n] if printed else order,
                header,
            ),
        )
        for n, target in enumerate(targets)
    ]


def _is_left_empty(row: Row, header: _Header) -> bool:
    """Fifteen blanks under a whole header."""
    return len(row.cells) == _DISPUTES and len(header.groups) == 3 and len(header.leaves) >= _DISPUTES and not row.words


def _same_row_twice(known: _Group, other: _Group) -> _Group:
    """Two rows of figures under one header: a row without figures yields, two that differ leave the group unread."""
    if not _has_figure(other.row):
        return known
    if not _has_figure(known.row):
        return other
    texts = [[cell.text for cell in group.values or ()] for group in (known, other)]
    return known if texts[0] == texts[1] else _Group(known.row, None, known.order, known.header)


def _leaf_order(leaves: list[str], groups: int, order: tuple[str, ...]) -> list[tuple[str, ...]] | None:
    """The printed order of each group's five columns; the form's where the header is incomplete but agrees with it."""
    blocks = [tuple(leaves[i : i + 5]) for i in range(0, len(leaves), 5)]
    if all(set(block) == set(order) for block in blocks) and blocks:
        if len(blocks) >= groups:
            return blocks[-groups:] if groups else blocks
        if len(set(blocks)) == 1:
            return [blocks[0]] * groups
        return None
    regular = [name for i, name in enumerate(leaves) if name == order[i % 5]]
    return [order] * groups if len(regular) == len(leaves) else None


def _disputes_of(groups: dict[str, _Group], form: FormTable) -> Table:
    cells: dict[str, Cell] = {}
    troubles: list[Trouble] = []
    for target, group in groups.items():
        if group.values is None:
            troubles.append(Trouble("short_row", f"disputes/{target}", group.row.text(), group.row.cells[0].at))
        for n, column in enumerate(group.order):
            cell_id = f"disputes/{target}/{column}"
            cells[cell_id] = _cell(cell_id, group.values[n]) if group.values else _unread(cell_id, group.row)
    return _table(form, "2021", cells, troubles)


# --- copies ------------------------------------------------------------------------------------------------------


def _choose(name: str, tables: Sequence[tuple[Table, Sequence[Row]]]) -> Table:
    """The copy that is shown, stands in its section and is read best.

    Another copy as visible and as well placed that contradicts it makes the disputed cells unreadable.
    """

    def standing(rows: Sequence[Row]) -> tuple[bool, bool]:
        return not any(row.hidden for row in rows), any(row.section == name for row in rows)

    def known(table: Table) -> int:
        return sum(cell.state is State.VALUE for cell in table.cells.values())

    ranked = sorted(tables, key=lambda item: (*standing(item[1]), known(item[0])), reverse=True)
    best, rows = ranked[0]
    cells = dict(best.cells)
    troubles = list(best.troubles)
    for other, other_rows in ranked[1:]:
        if standing(other_rows) != standing(rows) or other.shape != best.shape or known(other) * 2 < known(best):
            continue
        for cell_id, cell in other.cells.items():
            mine = cells[cell_id]
            if mine.state is State.VALUE and cell.state is State.VALUE and mine.value != cell.value:
                cells[cell_id] = replace(mine, state=State.UNREADABLE, value=None, raw=f"{mine.raw} / {cell.raw}")
                troubles.append(Trouble("conflicting_copy", cell_id, f"{mine.raw} / {cell.raw}", mine.at))
    return replace(best, cells=cells, troubles=tuple(troubles))
