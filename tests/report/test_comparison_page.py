"""The page and the figures of a comparison: one file that loads nothing, colours where the data say."""

import json
import re
import warnings

import numpy as np
import pytest

from stemwise.report.canvas import BLUE, GREEN, GREY, ORANGE, PURPLE
from stemwise.report.compared import compare_all
from stemwise.report.comparison import measure_of
from stemwise.report.comparison_figures import activity_scatter, difference_dots, score_boxes, stars
from stemwise.report.comparison_page import TERMS, figures_of, write_comparison

from .made_up import other_training, scores
from .test_figures import amount
from .test_page import Parts

MINE = scores(songs=16)
UMX = [other_training(MINE, "umx", gain=-0.8, slope=-2, seed=seed) for seed in range(2)]
FACTS = {"iass": [{"folder": "iass", "seed": "1"}], "umx": [{"folder": f"umx{seed}", "seed": "4"} for seed in range(2)]}


@pytest.fixture(autouse=True)
def no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.fixture(scope="module")
def found():
    return compare_all({"iass": MINE, "umx": UMX}, gates={"iass": "hard"}, facts=FACTS, resamples=200)


@pytest.fixture(scope="module")
def written(found, tmp_path_factory):
    path = tmp_path_factory.mktemp("compared") / "deep" / "compare.html"
    write_comparison(path, found, figures_of(found))
    parts = Parts(path.read_text(encoding="utf-8"))
    return path, parts, " ".join(" ".join(parts.text).split())


def test_it_is_one_file_that_loads_nothing(written):
    path, parts, _ = written
    assert [file.name for file in path.parent.iterdir()] == ["compare.html"]
    assert {tag for tag, _ in parts.tags}.isdisjoint({"script", "link", "iframe"})
    images = parts.sources("img")
    assert len(images) == 2 + 5 + 5 and all(image.startswith("data:image/png;base64,") for image in images)
    assert not re.search(r'(src|href)="(?!data:|#)', path.read_text())


def test_every_line_and_all_that_must_be_said_is_on_it(found, written):
    _, _, text = written
    assert "iass, hard gate against umx, no gate" in text and found.family in text
    assert len(found.cautions) == 3 and all(caution in text for caution in found.cautions)
    for line in found.table.to_dict("records"):
        measure = measure_of(line["measure"])
        assert f"{abs(line['difference']):.{measure.digits}f}" in text
        if not np.isnan(line["p"]) and line["p"] >= 0.001:
            assert f"{line['p']:.3f}" in text
    line = found.table.iloc[0]
    assert f"± {line.against_spread:.3f}, 2 seeds" in text
    assert all(term in text for term in TERMS) and "umx1" in text and "within targets" in text


def test_text_is_only_text(tmp_path):
    evil = "<script>alert(1)</script>"
    found = compare_all({evil: MINE, "b": UMX}, facts={evil: [{"<i>": "<u>"}]}, measures=["usdr"], resamples=20)
    write_comparison(tmp_path / "page.html", found, figures_of(found))
    parts = Parts((tmp_path / "page.html").read_text())
    assert not {"script", "i", "u"} & {tag for tag, _ in parts.tags} and any(evil in text for text in parts.text)


def test_json_holds_the_tables_and_neither_nan_nor_infinity(found):
    read = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert [len(read[name]) for name in ("differences", "by_activity", "slopes")] == [
        len(table) for table in (found.table, found.bins, found.slopes)
    ]
    assert read["differences"][0]["difference"] == found.table.difference.iloc[0]
    assert read["systems"][0] == {"name": "iass", "gate": "hard", "runs": [{"folder": "iass", "seed": "1"}]}
    assert len(read["songs"]) == 16 and read["family"] == found.family


def test_stems_that_were_not_made_alike_are_told():
    both = {"iass": MINE, "umx": UMX}
    twice = {**FACTS, "iass": [{**FACTS["iass"][0], "shifts": "2"}]}
    said = compare_all(both, facts=twice).cautions
    assert "The stems were not made alike, shifts: iass 2; umx 1. Differences hold this too." in said
    assert not any("wiener" in each for each in said)
    older = {**FACTS, "umx": [{**run, "scored by": "python -m src.eval run=umx wiener=1"} for run in FACTS["umx"]]}
    assert any("made alike, wiener: iass 0; umx 1." in each for each in compare_all(both, facts=older).cautions)
    assert not any("made alike" in each for each in compare_all(both, facts=FACTS).cautions)


def test_seeds_that_are_the_same_are_told(found):
    assert any("Runs of umx share the seed 4" in said for said in found.cautions)
    other = {**FACTS, "umx": [{"seed": "4"}, {"seed": "5"}]}
    assert not any("share the seed" in said for said in compare_all({"iass": MINE, "umx": UMX}, facts=other).cautions)


def test_boxes_show_systems_between_their_bounds(found):
    usdr = measure_of("usdr")
    png = score_boxes(found.systems, usdr)
    for colour in (GREY, BLUE, ORANGE, GREEN):
        assert amount(png, colour) > 100
    assert amount(png, PURPLE) == 0
    none = compare_all({"a": MINE.assign(usdr=np.nan), "b": UMX}, resamples=20)
    assert amount(score_boxes(none.systems, usdr), BLUE) < amount(png, BLUE)  # nothing but the legend


def test_dots_move_and_get_longer_whiskers_as_the_data_do(found):
    usdr = measure_of("usdr")
    narrow = found.table.assign(low=found.table.difference - 0.01, high=found.table.difference + 0.01)
    unknown = found.table.assign(low=np.nan, high=np.nan, p_holm=np.nan)
    assert amount(difference_dots(found.table, usdr), BLUE) > amount(difference_dots(unknown, usdr), BLUE) > 100
    assert difference_dots(narrow, usdr) != difference_dots(found.table, usdr)
    assert difference_dots(found.table.assign(difference=np.inf), usdr)


def test_scatter_has_a_panel_a_pair_and_a_colour_a_target(found):
    usdr = measure_of("usdr")
    png = activity_scatter(found.pairs, usdr, found.bins, found.slopes)
    assert min(amount(png, colour, 0.65) for colour in (BLUE, ORANGE, GREEN)) > 100
    four = compare_all({name: other_training(MINE, name, seed=seed) for seed, name in enumerate("abcd")}, resamples=20)
    assert activity_scatter(four.pairs, usdr, four.bins, four.slopes)


def test_stars():
    assert [stars(p) for p in (0.0009, 0.001, 0.01, 0.049, 0.05, np.nan)] == ["***", "**", "*", "*", "", ""]


def test_nothing_in_common_is_still_a_page(tmp_path):
    found = compare_all({"a": MINE, "b": MINE.assign(usdr=np.nan)}, measures=["usdr"])
    write_comparison(tmp_path / "page.html", found, figures_of(found))
    assert "No song has figures of both." in (tmp_path / "page.html").read_text()
