"""What a font holds, against the font's own tables as another library lists them, and fonts that are none."""

import struct
from pathlib import Path

import pytest

from stemwise.errors import DataError
from stemwise.synthesis import synthesize
from stemwise.synthesis.song import Job, Options
from stemwise.synthesis.soundfonts import Font, default_font, load_fonts
from stemwise.synthesis.sources import Composed

OTHERS = [Path("/usr/share/sounds/sf2") / name for name in ("A320U.sf2", "sf_GMbank.sf2", "FluidR3_GM.sf2")]


def test_the_default_font_has_general_midi_and_its_kits():
    (font,) = load_fonts([])
    assert font.name == "TimGM6mb.sf2"
    assert {(0, program) for program in range(128)} <= font.presets
    assert {(128, kit) for kit in (0, 8, 16, 24, 25, 32, 40)} <= font.presets


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.name)
def test_fonts_of_other_origin_are_read(path):
    if not path.is_file():
        pytest.skip(f"{path.name} is not installed")
    (font,) = load_fonts([path])
    assert (0, 0) in font.presets and len(font.presets) > 100


def test_what_a_font_lacks_is_taken_from_the_same_family():
    font = Font(Path("x.sf2"), "0", frozenset({(0, 0), (0, 25), (0, 30), (128, 0)}))
    assert font.fallback(0, 25) == 25
    assert font.fallback(0, 28) == 30
    assert font.fallback(0, 24) == 25
    assert font.fallback(0, 40) is None
    assert font.fallback(128, 40) == 0


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def without_presets(data: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", 4) + b"sfbk"


@pytest.mark.parametrize(
    ("spoil", "named"),
    [(lambda data: b"", "is no sf2"), (lambda data: b"MThd" + data[4:], "is no sf2"), (cut, "cut short"),
     (without_presets, "no presets")],
)  # fmt: skip
def test_an_sf2_that_is_none_is_refused_before_anything_is_written(tmp_path, spoil, named):
    path = tmp_path / "mine.sf2"
    path.write_bytes(spoil(default_font().read_bytes()))
    with pytest.raises(DataError, match=rf"mine\.sf2.*{named}"):
        synthesize(tmp_path / "songs", fonts=[path])
    assert not (tmp_path / "songs").exists()


def test_of_several_fonts_the_last_is_for_test_songs_only(tmp_path):
    fonts = []
    for name in ("a.sf2", "b.sf2", "c.sf2"):
        fonts.append(tmp_path / name)
        fonts[-1].write_bytes(default_font().read_bytes())
    options = Options(tuple(fonts))
    drawn = {
        split: {Job(n, 0, "x", split, Composed(12, "rock", "x"), options).font().name for n in range(20)}
        for split in ("train", "valid", "test")
    }
    assert drawn == {"train": {"a.sf2", "b.sf2"}, "valid": {"a.sf2", "b.sf2"}, "test": {"c.sf2"}}
