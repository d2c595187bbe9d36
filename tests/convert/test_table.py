"""The table of files: written, corrected, saved by other programs, read."""

import csv
from dataclasses import replace

import pytest

from stemwise.convert import propose, read_table, write_table
from stemwise.errors import DataError

from .made_up import put, tone


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"label": "electric bas"}, "Did you mean 'electric bass'"),
        ({"label": ""}, "has no label"),
        ({"side": "left"}, "neither L, R nor empty"),
        ({"gain": "loud"}, "'loud' is no number"),
        ({"gain": "inf"}, "'inf' is no number"),
        ({"gain": "nan"}, "'nan' is no number"),
        ({"file": "gone.wav"}, "is not in the folder"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_line_by_line(sessions, tmp_path, change, named):
    path = tmp_path / "table.csv"
    write_table(path, propose(sessions))
    rows = list(csv.DictReader(path.open()))
    rows[0].update(change)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    with pytest.raises(DataError, match=named):
        read_table(path, sessions)


def test_a_table_survives_being_written_and_read(sessions, tmp_path):
    rows = propose(sessions)
    write_table(tmp_path / "table.csv", rows)
    assert read_table(tmp_path / "table.csv", sessions) == rows


@pytest.mark.parametrize("between", [";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_table_as_excel_saves_it(sessions, tmp_path, between, encoding):
    put(sessions / "Bé - Two" / "Bass, low.wav", tone(1, 100))
    rows = propose(sessions)
    write_table(tmp_path / "table.csv", rows)
    with (tmp_path / "table.csv").open(encoding="utf-8") as file:
        lines = list(csv.reader(file))
    lines[1][lines[0].index("gain")] = "-3,5"
    with (tmp_path / "excel.csv").open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=between).writerows(lines)
    assert read_table(tmp_path / "excel.csv", sessions) == [replace(rows[0], gain=-3.5), *rows[1:]]


def test_a_table_of_another_encoding_or_without_names_is_refused_and_kept(sessions, tmp_path):
    put(sessions / "Bé - Two" / "Bass.wav", tone(1, 100))
    path = tmp_path / "table.csv"
    write_table(path, propose(sessions))
    whole = path.read_text(encoding="utf-8")
    path.write_bytes(whole.encode("cp1252"))
    with pytest.raises(DataError, match="in Excel that is 'CSV UTF-8'"):
        read_table(path, sessions)
    path.write_text(whole.partition("\n")[2], encoding="utf-8")
    with pytest.raises(DataError, match="no column session, file, label, stem in its first line"):
        read_table(path, sessions)


def test_a_side_without_its_other_is_none(sessions):
    put(sessions / "Solo_Piece" / "Synth_L.wav", tone(1, 100))
    sides = {row.file: row.side for row in propose(sessions)}
    assert sides["Synth_L.wav"] == "" and sides["03_Overheads_L.wav"] == "L"
