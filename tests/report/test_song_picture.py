"""The picture of a song: waveforms to scale, lanes where it plays."""

import io

import numpy as np
import pytest

from stemwise.datasets.medleydb import MedleyDB
from stemwise.report.song_picture import COLUMNS, Section, song_picture, waveform
from tests.trees import IDS, make_tree

image = pytest.importorskip("matplotlib.image")


@pytest.fixture
def song(tmp_path, monkeypatch):
    monkeypatch.setenv("STEMWISE_HOME", str(tmp_path / "home"))
    return MedleyDB(make_tree(tmp_path / "Tree")).song(IDS[0])


def test_a_waveform_has_the_extremes_of_its_columns(song):
    wave = waveform(song, 0)
    sound = song.read_stem(0)
    size = -(-song.samples // COLUMNS)
    assert wave.shape == (2, -(-song.samples // size))
    for column in (0, 400, wave.shape[1] - 1):
        piece = sound[:, column * size : (column + 1) * size]
        assert wave[0, column] == pytest.approx(piece.min(), abs=1e-6)
        assert wave[1, column] == pytest.approx(piece.max(), abs=1e-6)


def coloured(picture: bytes, colour: tuple[int, int, int]) -> np.ndarray:
    """(column,) how many pixels of the colour each column of the picture has."""
    pixels = np.round(255 * image.imread(io.BytesIO(picture))[..., :3])
    return (np.abs(pixels - np.array(colour)).max(axis=2) < 12).sum(axis=0)


def test_lanes_are_green_where_a_stem_plays(song):
    """Only the first stem is there; it rests in the first second of four."""
    from dataclasses import replace

    green = coloured(song_picture(replace(song, stems=song.stems[:1])), (0x00, 0x9E, 0x73))
    columns = np.flatnonzero(green > 10)
    assert len(columns) > 0.55 * len(green) * 0.75
    assert columns[0] > 0.25 * len(green), "the rest at the beginning stays white"


def test_sections_change_the_picture_and_a_threshold_too(song):
    plain = song_picture(song)
    assert plain[:8] == b"\x89PNG\r\n\x1a\n"
    assert song_picture(song, [Section("verse", 0.0, 2.0), Section("chorus", 2.0, 4.0)]) != plain
    assert song_picture(song, threshold=0.95) != plain
