"""The page as a browser gets it: one file, nothing to load, sound that decodes, text that is only text."""

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO

import numpy as np
import pytest
import soundfile

from stemwise.report import write_page
from stemwise.report.inline import mp3, shared_gain

from .made_up import RATE, curves, page, scores, song


class Parts(HTMLParser):
    """Every tag with its attributes, and all text."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text = [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text.append(data)

    def sources(self, tag):
        return [attributes["src"] for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "deep" / "page.html"
    made = page(songs=[song(), song("song01", channels=2, seed=1)])
    write_page(path, made)
    return path, made, Parts(path.read_text(encoding="utf-8"))


def decoded(uri):
    kind, content = uri.split(",", 1)
    assert kind == "data:audio/mpeg;base64"
    audio, rate = soundfile.read(BytesIO(base64.b64decode(content, validate=True)), always_2d=True)
    return audio.T, rate


def likeness(heard, wanted):
    """Correlation at the best shift within 0.1 s, since some decoders keep the delay of the encoder."""
    size = wanted.shape[-1] + RATE // 10
    spectra = np.fft.rfft(heard, size), np.fft.rfft(wanted, size)
    correlation = np.fft.irfft(spectra[0] * spectra[1].conj(), size).sum(axis=0)
    return correlation[: RATE // 10].max() / np.sqrt((heard**2).sum() * (wanted**2).sum())


def test_one_file_that_loads_nothing(written):
    path, _, parts = written
    assert [entry.name for entry in path.parent.iterdir()] == ["page.html"]
    links = [
        attributes[name]
        for _, attributes in parts.tags
        for name in ("src", "href", "data", "poster")
        if name in attributes
    ]
    assert links
    assert all(link.startswith(("data:", "#")) for link in links)
    assert not {tag for tag, _ in parts.tags} & {"link", "iframe", "object", "embed", "base"}
    assert not re.search(r"https?://|url\(|@import", path.read_text(encoding="utf-8"))


def test_anchors_lead_somewhere(written):
    _, _, parts = written
    places = {attributes.get("id") for _, attributes in parts.tags}
    assert {a["href"][1:] for tag, a in parts.tags if tag == "a"} <= places


def test_every_clip_decodes_to_what_went_in(written):
    _, made, parts = written
    wanted = []
    for view in made.songs:
        gain = shared_gain([view.mixture, *(clip for clips in view.clips.values() for clip in clips.values())])
        wanted.append(gain * view.mixture)
        wanted += [
            gain * view.clips[target][name] for target in view.targets for name in ("reference", "estimate", "gated")
        ]
    heard = [decoded(uri) for uri in parts.sources("audio")]
    assert len(heard) == len(wanted) == 20
    for (audio, rate), clip in zip(heard, wanted, strict=True):
        assert rate == RATE
        assert audio.shape[0] == clip.shape[0]
        assert abs(audio.shape[1] - clip.shape[1]) < 0.1 * RATE
        assert likeness(audio, clip) > 0.98
        assert np.sqrt((audio**2).mean()) == pytest.approx(np.sqrt((clip**2).mean()), rel=0.1)


def test_every_picture_is_a_png(written):
    _, made, parts = written
    pictures = parts.sources("img")
    assert len(pictures) == 3 + len(made.songs) * (1 + len(made.songs[0].targets))
    for uri in pictures:
        assert base64.b64decode(uri.removeprefix("data:image/png;base64,"), validate=True).startswith(b"\x89PNG")


def test_text_is_text(tmp_path):
    evil = "<script>alert('x')</script>"
    table = scores(songs=2, targets=("vocals", evil))
    table["system"] = table["system"].replace("iass", evil)
    view = song(targets=("vocals", evil), title=evil, seconds=0.3)
    made = page(title=evil, facts={evil: evil}, scores=table, songs=[replace(view, id=evil)])
    write_page(tmp_path / "page.html", made)
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    parts = Parts(html)
    assert [tag for tag, _ in parts.tags].count("script") == 1  # our own, which stops the other players
    assert "alert(" in "".join(parts.text)
    assert "<script>alert" not in html


def test_silence_energy_is_the_second_figure_and_definitions_stand_beside(written):
    path, _, parts = written
    html = path.read_text(encoding="utf-8")
    first = html[html.index("<thead>") : html.index("</thead>")]
    headings = re.findall(r"<th [^>]*>([^<]+)", first)
    assert headings[:4] == ["System", "uSDR", "Silence energy", "Lost energy"]
    assert html.index("<h3>All targets</h3>") < html.index("<summary>vocals")
    text = "".join(parts.text)
    assert "Share of those rest frames" in text
    assert "−∞" in text
    assert "nan" not in text.lower()


def test_figures_of_the_table_are_those_of_the_scores(tmp_path):
    table = scores(songs=3, targets=("vocals",))
    table["present"] = True
    for (system, gate), value in {("iass", "hard"): -1.234, ("iass", "off"): -0.001}.items():
        table.loc[(table.system == system) & (table.gate == gate), "usdr"] = value
    table["silence_share"] = 0.25
    write_page(tmp_path / "page.html", page(scores=table, songs=[]))
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    row = html[html.index("iass, hard gate</th>") :]
    cells = re.findall(r'<td>([^<]+)<span class="note">([^<]*)', row)
    assert cells[0] == ("−1.23", "[−1.23, −1.23] n=3")
    row = html[html.index("iass, no gate</th>") :]
    assert re.findall("<td>([^<]+)", row)[0] == "0.00"  # no minus before a zero
    assert ("0.250", "[0.250, 0.250] n=") in [(value, note[:-1]) for value, note in cells]


def test_a_page_with_little_on_it(tmp_path):
    nothing = curves(0)
    write_page(tmp_path / "page.html", page(scores=scores(songs=1), curves=nothing, songs=[]))
    bare = Parts((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert not bare.sources("audio")
    assert "Training" not in "".join(bare.text)
    write_page(tmp_path / "page.html", page(scores=scores().head(0), curves=nothing, songs=[]))
    assert "There are no scores." in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_loud_clips_share_one_gain(tmp_path):
    view = song(seconds=0.5, targets=("vocals",))
    loud = replace(view, clips={"vocals": {"reference": 10 * view.mixture}})
    write_page(tmp_path / "page.html", page(songs=[loud]))
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    mixture, reference = (decoded(uri)[0] for uri in Parts(html).sources("audio"))
    assert np.abs(reference).max() <= 1
    ratio = np.sqrt((reference**2).mean() / (mixture**2).mean())
    assert ratio == pytest.approx(10, rel=0.05)
    assert re.search(r"turned down by the same −?\d", html)


@pytest.mark.parametrize(
    ("rate", "expected"), [(44100, 44100), (16000, 16000), (20000, 22050), (96000, 48000), (4000, 8000)]
)
def test_mp3_takes_any_rate_and_number_of_channels(rate, expected):
    time = np.arange(rate) / rate
    tone = np.tile(0.3 * np.sin(2 * np.pi * 500 * time), (3, 1)).astype(np.float32)
    audio, found = soundfile.read(BytesIO(mp3(tone, rate)), always_2d=True)
    assert found == expected
    assert audio.shape[1] == 1
    spectrum = np.abs(np.fft.rfft(audio[:found, 0]))
    assert np.argmax(spectrum) == pytest.approx(500, abs=2)


def test_two_songs_of_six_targets_stay_small():
    rng = np.random.default_rng(0)
    noise = 0.1 * rng.normal(size=(2, 10 * 44100)).astype(np.float32)  # the worst case for an encoder
    assert 2 * 19 * len(mp3(noise, 44100)) * 4 / 3 < 10e6
