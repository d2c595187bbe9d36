"""The page of a detector: one file that loads nothing, with every figure, and tables that answer."""

import re
import shutil
import subprocess

import numpy as np
import pytest

from stemwise.metrics.detection import Confusion
from stemwise.report.canvas import BLUE, GREEN, RED, SKY
from stemwise.report.detection import figures_of, report_detection, tune, write_detection
from stemwise.report.detection.confusion_picture import confusion_picture, row_sentence, sentence, tells
from stemwise.report.detection.figures import instrument_dots
from stemwise.report.detection.lanes import shown_targets, song_lanes
from tests.report.test_figures import amount
from tests.report.test_page import Parts

from .made_up import clips

TABLE = clips(songs=10, seconds=40, targets=9)
HOSTILE = "<b>Rock & Roll</b>"


@pytest.fixture(scope="module")
def report():
    table = TABLE.copy()
    table.loc[table.target == "piano", "truth"] = np.nan
    table["song"] = table["song"].replace("Band_Song00", HOSTILE)
    return report_detection(table, tune(clips(songs=8, seconds=30, targets=9, seed=4)), resamples=60)


@pytest.fixture(scope="module")
def written(report, tmp_path_factory):
    path = tmp_path_factory.mktemp("detection") / "deep" / "page.html"
    write_detection(path, report, "iad_cnn on test songs", {"seed": "7"}, figures_of(report))
    parts = Parts(path.read_text(encoding="utf-8"))
    return path, parts, " ".join(" ".join(parts.text).split())


def test_it_is_one_file_that_loads_nothing(written):
    path, parts, _ = written
    assert [file.name for file in path.parent.iterdir()] == ["page.html"]
    assert {tag for tag, _ in parts.tags}.isdisjoint({"link", "iframe", "b"})
    images = parts.sources("img")
    assert len(images) == 4 + 3 and all(image.startswith("data:image/png;base64,") for image in images)
    assert not re.search(r'(src|href)="(?!data:|#)', path.read_text())


def test_every_figure_is_on_it(report, written):
    _, _, text = written
    for row in report.levels.to_dict("records"):
        assert "n/a" in text if np.isnan(row["value"]) else f"{row['value']:.3f}" in text
    for row in report.instruments.dropna(subset="auc").to_dict("records"):
        assert f"{row['auc']:.3f}" in text and row["target"] in text
    assert "iad_cnn on test songs" in text and "seed 7" in text and all(said in text for said in report.cautions)


def test_every_cell_of_the_confusion_answers(report, written):
    _, parts, _ = written
    said = [attributes["data-say"] for _, attributes in parts.tags if "data-say" in attributes]
    targets = report.found.targets
    rows = [said[place : place + 10] for place in range(0, 90, 10)]
    assert len(said) == 90
    for wrong, row in enumerate(rows):
        assert row[0] == row_sentence(report.confusion, targets, wrong)
        assert row[1:] == [sentence(report.confusion, targets, wrong, missed) for missed in range(9)]


def test_columns_sort_by_numbers_that_are_there(written):
    _, parts, _ = written
    sorts = [attributes["data-sort"] for tag, attributes in parts.tags if "data-sort" in attributes and tag == "td"]
    assert len(sorts) == 9 * 9 and not any(np.isnan(float(value)) for value in sorts)


NODE = shutil.which("node")
STUB = """
const listeners = {}, cell = {dataset: {say: "heard"}, classList: {add() {}, remove() {}}, closest() { return this; }};
const text = {textContent: ""};
const row = (name, auc) => ({cells: [{dataset: {sort: name}}, {dataset: {sort: auc}}]});
const rows = [row("piano", "0.9"), row("bass", "0.95"), row("violin", "-1")];
const heads = [0, 1].map(() => ({at: null, getAttribute() { return this.at; }, setAttribute(_, way) { this.at = way; },
  removeAttribute() { this.at = null; }}));
const buttons = heads.map(head => ({closest: () => head, addEventListener(_, act) { this.click = act; }}));
const body = {get rows() { return rows; }, appendChild(one) { rows.splice(rows.indexOf(one), 1); rows.push(one); }};
const sorted = {tBodies: [body], querySelectorAll: what => what.includes("button") ? buttons : heads};
const table = {querySelectorAll: () => [], querySelector: () => cell,
  addEventListener(name, act) { listeners[name] = act; }};
const document = {getElementById: () => text, querySelector: () => table, querySelectorAll: () => [sorted]};
const order = () => rows.map(one => one.cells[0].dataset.sort).join(" ");
"""
ASKED = """
console.log(text.textContent);
listeners.mouseover({target: {closest: () => ({...cell, dataset: {say: "pointed"}})}}); console.log(text.textContent);
listeners.mouseleave(); console.log(text.textContent);
for (const column of [1, 1, 0]) { buttons[column].click(); console.log(order()); }
"""


@pytest.mark.skipif(NODE is None, reason="no node to run the page's script")
def test_its_script_shows_sentences_and_sorts(written):
    script = re.search(r"<script>(.*)</script>", written[0].read_text(), re.DOTALL).group(1)
    run = subprocess.run([NODE, "-e", STUB + script + ASKED], capture_output=True, text=True, check=True)
    assert run.stdout.split("\n")[:-1] == [
        "heard", "pointed", "heard", "bass piano violin", "violin piano bass", "bass piano violin",
    ]  # fmt: skip


def confused(share, clips=(40, 0), missed=(0.1, 0.1)):
    count = np.array(clips)
    return Confusion(np.array(share), count, np.minimum(count, 3), np.array(missed))


def test_sentences_say_what_the_numbers_are():
    nan = np.nan
    found = confused([[0, 0.34], [nan, nan]])
    names = ("guitar", "synth")
    assert sentence(found, names, 0, 1) == (
        "When guitar was wrongly heard (40 seconds in 3 songs), synth was playing unheard in 34 % (in all clips: 10 %)."
    )
    assert (
        row_sentence(found, names, 0)
        == "When guitar was wrongly heard (40 seconds in 3 songs), most missed: synth in 34 %."
    )
    assert sentence(found, names, 1, 0) == row_sentence(found, names, 1) == "synth was never wrongly heard."
    assert "was resting" in sentence(found, names, 0, 0)
    one = confused([[0, 0], [nan, nan]], clips=(1, 0))
    assert row_sentence(
        one, names, 0
    ) == "When guitar was wrongly heard (1 second in 3 songs), nothing was missed." or (
        row_sentence(one, names, 0) == "When guitar was wrongly heard (1 second in 1 song), nothing was missed."
    )
    unknown = confused([[0, nan], [nan, nan]])
    assert sentence(unknown, names, 0, 1).endswith("synth may have played: that is not known.")


@pytest.mark.parametrize(
    ("share", "clips", "missed", "wanted"),
    [
        (0.3, 40, 0.1, True),
        (0.3, 5, 0.1, False),
        (0.3, 40, 0.25, False),
        (0.09, 40, 0.01, False),
        (np.nan, 40, 0, False),
    ],
)
def test_a_cell_tells_if_it_is_more_than_what_is_missed_anywhere(share, clips, missed, wanted):
    assert tells(confused([[0, share], [0, 0]], (clips, 0), (0, missed)), 0, 1) is wanted


def test_more_confusion_is_darker():
    names = ("guitar", "synth")
    dark = [
        amount(confusion_picture(confused([[0, share], [0, 0]], (40, 40)), names), "#08306b") for share in (0.1, 0.9)
    ]
    assert dark[1] > 20_000 + dark[0]


def test_figures_grow_with_what_they_show(report):
    table = report.instruments
    assert amount(instrument_dots(table), BLUE) > amount(instrument_dots(table.assign(auc_low=np.nan)), BLUE) + 200
    assert amount(instrument_dots(table), RED) > 50  # piano has no figure
    assert not amount(instrument_dots(table[table.target != "piano"]), RED)


def test_lanes_show_what_plays_and_what_is_called():
    found = report_detection(TABLE, resamples=2).found
    at = np.full(9, 0.5)
    picture = song_lanes(found, 2, at)
    deaf = song_lanes(found, 2, np.ones(9))  # what is left of these colours is the legend
    assert amount(picture, GREEN) > amount(deaf, GREEN) + 1000 and amount(picture, RED) > amount(deaf, RED) + 100
    assert amount(picture, SKY, 0.55) > 10_000
    shown = shown_targets(found, 2, np.ones(9))
    assert sorted(shown) == np.flatnonzero(found.clips.active[found.of_song(2)].any(axis=0)).tolist()


def test_a_song_of_nothing_and_targets_without_figures_have_a_page(tmp_path):
    table = clips(songs=1, seconds=12, targets=3).assign(truth=0.0, probability=0.1)
    silent = report_detection(table)
    write_detection(tmp_path / "page.html", silent, "silence")
    text = (tmp_path / "page.html").read_text()
    assert "drum set was never wrongly heard." in text and "n/a" in text
    assert song_lanes(silent.found, 0, np.full(3, 0.5))[:4] == b"\x89PNG"


def test_labels_of_whole_songs_have_a_page_of_songs(tmp_path):
    """What plays is known of songs alone: tables, sentences and pictures are of songs, and none is empty."""
    table = clips(songs=12, seconds=10, targets=4)
    heard = table.groupby(["song", "target"])["truth"].transform("max")
    table = table.assign(truth=np.where(heard >= 0.5, 1.0, 0.0), weak=heard >= 0.5)
    cuts = tune(table)
    report = report_detection(table, cuts, resamples=20)
    assert report.level == report.to_json()["level"] == "song" and report.cuts.tolist() == list(cuts["song"].values())
    assert report.clips.known.all() and (report.instruments["clips"] == 12).all()
    some = (report.instruments["clips_active"] % 12 > 0).to_numpy()
    assert some.any() and report.instruments["auc"][some].notna().all() and report.reliability[0].count.sum() == 12 * 4
    assert any("of songs" in said for said in report.cautions)
    assert not any("in a second" in said or "Never active" in said for said in report.cautions)
    write_detection(tmp_path / "page.html", report, "clips")
    text = " ".join(Parts((tmp_path / "page.html").read_text()).text)
    assert "Of songs." in text and "Percent of the songs" in text and "Songs" in text
    assert len(Parts((tmp_path / "page.html").read_text()).sources("img")) == 4 + 3
    found = Confusion(np.array([[0.0, 0.5], [0, 0]]), np.array([2, 1]), np.array([2, 1]), np.array([0.1, 0.1]))
    assert "(2 songs)" in sentence(found, ("a", "b"), 0, 1, "song") and "(1 song)" in row_sentence(
        found, ("a", "b"), 1, "song"
    )
    assert "(2 clips of 5 s in 2 songs)" in row_sentence(found, ("a", "b"), 0, "5 s")


def test_a_second_in_which_something_is_known_to_play_makes_a_page_of_seconds():
    table = clips(songs=4, seconds=10, targets=3)
    weak = table["target"] == table["target"].iloc[0]
    report = report_detection(table.assign(weak=weak & (table["truth"] >= 0.5)), resamples=2)
    assert report.level == "1 s"
    (said,) = [said for said in report.cautions if "known to be active" in said]
    assert said.startswith("Never known to be active in a second") and "drum set" in said
