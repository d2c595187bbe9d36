"""The page and figures of compared detectors: one file that loads nothing, with every number."""

import re

import numpy as np
import pytest

from stemwise.report.canvas import BLUE, ORANGE, PURPLE
from stemwise.report.detection import (
    compare_detection,
    comparison_figures,
    report_detection,
    write_detection,
    write_detectors_compared,
)
from stemwise.report.detection.comparison_figures import (
    differences_by_level,
    figures_by_level,
    instruments_side_by_side,
)
from tests.report.test_figures import amount
from tests.report.test_page import Parts

from .made_up import clips

BARE = {"songs": 12, "seconds": 30, "targets": 6}
RUNS = {"cnn": [clips(**BARE, skill=1.6, net=net) for net in range(2)], "<fc>": clips(**BARE, skill=0.7, net=5)}
LEVELS = {"1 s": 1, "song": None}
VOID = {"img", "meta", "br"}


@pytest.fixture(scope="module")
def found():
    return compare_detection(RUNS, levels=LEVELS, resamples=120)


@pytest.fixture(scope="module")
def written(found, tmp_path_factory):
    path = tmp_path_factory.mktemp("compared") / "deep" / "compare.html"
    write_detectors_compared(path, found, comparison_figures(found))
    parts = Parts(path.read_text(encoding="utf-8"))
    return path, parts, " ".join(" ".join(parts.text).split())


def balanced(html: str) -> bool:
    """Every tag is closed in the order it was opened; ids are there once, and links of the page have their place."""
    body = re.sub(r"<(style|script)>.*?</\1>", "", html, flags=re.DOTALL)
    opened = []
    for closing, tag in re.findall(r"<(/?)([a-z][a-z0-9]*)[^>]*>", body):
        if closing:
            if not opened or opened.pop() != tag:
                return False
        elif tag not in VOID:
            opened.append(tag)
    ids = re.findall(r'\bid="([^"]*)"', body)
    return not opened and len(ids) == len(set(ids)) and set(re.findall(r'href="#([^"]*)"', body)) <= set(ids)


def test_it_is_one_file_that_loads_nothing(written):
    path, parts, _ = written
    assert [file.name for file in path.parent.iterdir()] == ["compare.html"] and balanced(path.read_text())
    assert {tag for tag, _ in parts.tags}.isdisjoint({"script", "link", "iframe", "fc"})
    images = parts.sources("img")
    assert len(images) == 3 and all(image.startswith("data:image/png;base64,") for image in images)
    assert not re.search(r'(src|href)="(?!data:|#)', path.read_text())


def test_every_figure_and_difference_is_on_it(found, written):
    _, _, text = written
    assert "cnn against <fc>" in text and found.family in text and all(said in text for said in found.cautions)
    for row in found.systems.to_dict("records"):
        assert f"{row['value']:.3f} [{row['low']:.3f}, {row['high']:.3f}]" in text
    for row in [*found.differences.to_dict("records"), *found.apart.to_dict("records")]:
        assert f"{abs(row['difference']):.3f}" in text
    spreads = found.systems.dropna(subset="spread").spread
    assert len(spreads) == 8 and all(f"± {spread:.3f}, 2 seeds" in text for spread in spreads)


def test_instruments_are_those_of_their_own_tables(found):
    own = [report_detection(run, resamples=120).instruments.set_index("target") for run in RUNS["cnn"]]
    other = report_detection(RUNS["<fc>"], resamples=120).instruments.set_index("target")
    mine = found.instruments[found.instruments.system == "cnn"].set_index("target")
    theirs = found.instruments[found.instruments.system == "<fc>"].set_index("target")
    aucs = np.stack([table.auc for table in own])
    assert mine.auc.to_numpy() == pytest.approx(aucs.mean(axis=0))
    assert mine.spread.to_numpy() == pytest.approx(aucs.std(axis=0, ddof=1)) and theirs.spread.isna().all()
    assert theirs[["auc", "low", "high"]].to_numpy() == pytest.approx(
        other[["auc", "auc_low", "auc_high"]].to_numpy(), nan_ok=True
    )
    assert found.apart.difference.to_numpy() == pytest.approx((mine.auc - theirs.auc).to_numpy())
    assert (mine.songs_active == other.songs_active).all()


def test_a_run_against_others_has_them_on_its_page(found, tmp_path):
    report = report_detection(RUNS["<fc>"], resamples=20)
    write_detection(tmp_path / "page.html", report, "fc", compared=found, songs=1)
    html = (tmp_path / "page.html").read_text()
    assert balanced(html) and "cnn against &lt;fc&gt;" in html and found.family.replace("'", "&#39;") in html
    write_detection(tmp_path / "alone.html", report, "fc", songs=2)
    alone = (tmp_path / "alone.html").read_text()
    assert balanced(alone) and "Each instrument" not in alone


def test_colours_stand_for_systems_and_pairs(found):
    one = compare_detection({"a": RUNS["cnn"][0], "b": RUNS["<fc>"]}, levels=LEVELS, resamples=120)
    three = compare_detection(
        {"a": RUNS["cnn"][0], "b": RUNS["<fc>"], "c": RUNS["cnn"][1]}, levels=LEVELS, resamples=120
    )
    assert amount(figures_by_level(three), PURPLE) > 500 and not amount(figures_by_level(one), PURPLE)
    assert amount(differences_by_level(three), ORANGE) > 500 and not amount(differences_by_level(one), ORANGE)
    assert amount(instruments_side_by_side(one), BLUE) > 300 < amount(instruments_side_by_side(one), ORANGE)
    assert amount(differences_by_level(one), BLUE) > 500


def test_one_song_and_targets_without_figures_have_a_page(tmp_path):
    table = clips(songs=1, seconds=12, targets=3).assign(truth=0.0)
    found = compare_detection({"a": table, "b": table.assign(probability=0.3)})
    write_detectors_compared(tmp_path / "compare.html", found, comparison_figures(found))
    text = (tmp_path / "compare.html").read_text()
    assert balanced(text) and "n/a" in text and "too few" in text
