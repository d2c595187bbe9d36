"""Own stems: what names mean, and labels of one's own."""

from pathlib import Path

import pytest

from stemwise import labels
from stemwise.datasets.folder import Folder
from stemwise.datasets.stem_names import StemNames, labels_of
from stemwise.errors import DataError
from stemwise.loading.datamodule import MultitrackDataModule
from stemwise.taxonomy import instrument_labels, targets
from tests.sets import held, make_musdb, put


def test_names_are_known_by_the_table_then_the_taxonomy_then_by_what_people_write(tmp_path):
    put(tmp_path, "A - B/01_Kick.wav", "A - B/kick drum.wav", "A - B/Fred.wav", "A - B/GTR 2.wav", "A - B/tuba.wav")
    table = {"fred": "Male Singer", "gtr": ["clean electric guitar", "acoustic guitar"]}
    assert held(tmp_path, "A_B", stems=table) == {
        "01_Kick.wav": ("drum set",),
        "Fred.wav": ("male singer",),
        "GTR 2.wav": ("clean electric guitar", "acoustic guitar"),
        "kick drum.wav": ("kick drum",),
        "tuba.wav": ("tuba",),
    }


def test_the_table_may_lie_in_the_tree_or_in_a_file_and_may_be_a_config(tmp_path):
    from omegaconf import OmegaConf

    put(tmp_path / "tree", "A - B/Fred.wav", "A - B/808.wav")
    text = "fred: [male singer, male rapper]\n808: drum machine\n"
    want = {"808.wav": ("drum machine",), "Fred.wav": ("male singer", "male rapper")}
    (tmp_path / "mine.yaml").write_text(text)
    assert held(tmp_path / "tree", "A_B", stems=tmp_path / "mine.yaml") == want
    assert held(tmp_path / "tree", "A_B", stems=OmegaConf.create(text)) == want
    (tmp_path / "tree" / "stems.yaml").write_text(text)
    assert held(tmp_path / "tree", "A_B") == want
    assert held(tmp_path / "tree", "A_B", stems={"fred": "tuba", "808": "flute"})["Fred.wav"] == ("tuba",)


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("vox 2.wav", ("female singer",)),  # stands in the table itself
        ("02 Vox_2.wav", ("female singer",)),
        ("vox 7.wav", ("male singer",)),
        ("VOX_L.wav", ("male singer",)),
        ("vo\u0308x.wav", ("tuba",)),  # accents apart, as macOS writes them
        ("ба́с 2.wav", ("electric bass",)),
        ("Full Mix.wav", ("mix",)),
        ("click.wav", ("ignore",)),
        ("backing.wav", ("*",)),
    ],
)
def test_names_of_a_table_in_all_their_spellings(name, labels, tmp_path):
    table = {"Vox": "male singer", "vox_2": "female singer", "v\u00f6x": "tuba", "ба́с": "electric bass"}
    names = StemNames({**table, "click": "ignore", "backing": "*"})
    assert names.of(tmp_path / name).labels == labels


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"vox": "male singr"}, r"data.stems, 'vox': unknown instrument 'male singr'. Did you mean 'male singer'"),
        ({"vox": ["male singer", "mix"]}, "unknown instrument 'mix'"),
        ({"vox": []}, "has no label"),
        ({"vox": None}, "must be text, found None"),
        ({"vox": {"a": 1}}, "must be text"),
        ({"vox": "own: "}, "no label. One of your own is own: and a name in small letters"),
        ({"vox": "own:a;b"}, "comma, semicolon"),
        ({"Vox": "tuba", "vox": "flute"}, "'vox' stands there twice"),
        (["vox"], "must name a label for each name"),
    ],
)
def test_a_table_that_cannot_be_right_is_refused(table, said):
    with pytest.raises(DataError, match=said):
        StemNames(table)


def test_a_table_with_a_key_twice_or_of_no_yaml_is_refused(tmp_path):
    put(tmp_path, "A - B/vox.wav")
    for text, said in (("vox: tuba\nvox: flute\n", "'vox' stands twice"), ("vox: [", "not readable as YAML")):
        (tmp_path / "stems.yaml").write_text(text)
        with pytest.raises(DataError, match=f"^{tmp_path}/stems.yaml.*{said}"):  # once, not for each song
            Folder(tmp_path).songs()


def test_a_table_from_the_command_line(tmp_path):
    from hydra import compose, initialize_config_dir
    from hydra.utils import instantiate

    put(tmp_path, "A - B/vox.wav", "A - B/gtr.wav", "A - B/kal.wav", "A - B/hi hat.wav", "A - B/808.wav")
    said = (
        "data.stems={vox: male singer, gtr: [clean electric guitar, distorted electric guitar], kal: own:kalimba, "
        "hi hat: high hat, 808: ignore}"
    )
    conf = Path(__file__).resolve().parents[2] / "conf"
    with initialize_config_dir(str(conf), version_base="1.3"):
        config = compose("train", overrides=["data=folder", f"data.root={tmp_path}", said])
    (song,) = instantiate(config.data).songs()
    assert {stem.path.stem: stem.instruments for stem in song.stems} == {
        "vox": ("male singer",),
        "gtr": ("clean electric guitar", "distorted electric guitar"),
        "kal": ("own:kalimba",),
        "hi hat": ("high hat",),
    }


def test_musdb_has_the_labels_that_its_own_reader_gives(tmp_path):
    from stemwise.datasets.musdb18hq import Musdb18HQ

    make_musdb(tmp_path, seconds=1.0)
    ours, theirs = Folder(tmp_path), Musdb18HQ(tmp_path)
    for own, their in zip(ours.songs(), theirs.songs(), strict=True):
        assert (own.id, own.artist, own.title, own.mix) == (their.id, their.artist, their.title, their.mix)
        assert {s.path: set(s.instruments) for s in own.stems} == {s.path: set(s.instruments) for s in their.stems}
    assert ours.splits()["test"] == theirs.splits()["test"]


def test_a_rest_holds_what_no_other_stem_of_the_song_does():
    names = StemNames({"backing": "*", "singing": "male singer"})
    voice, rest = labels_of([names.of(path_of("singing")), names.of(path_of("backing"))])
    assert voice == ("male singer",)
    assert not set(rest) & {"male singer", "female singer", "choir", "Unlabeled"} and "tuba" in rest and len(rest) > 90
    six = [names.of(path_of(name)) for name in ("vocals", "drums", "bass", "piano", "other")]
    found = dict(zip(("vocals", "drums", "bass", "piano", "other"), labels_of(six), strict=True))
    assert not set(found["other"]) & {"piano", "tack piano", "shaker", "double bass"} and "violin" in found["other"]
    assert "shaker" in found["drums"] and found["piano"] == ("piano",)
    assert labels_of(six[:2]) == [("male singer", "female singer"), ("drum set",)]  # without a rest names mean less


def path_of(name):
    return Path(f"{name}.wav")


def test_what_a_name_leaves_open_is_unknown_and_said(tmp_path, caplog):
    put(tmp_path, "A - B/guitar.wav", "A - B/bass.wav")
    reader = Folder(tmp_path)
    (song,) = reader.songs()
    scheme = targets("mms")
    unknown = {n for n, no in zip(scheme.names, labels.unknown_targets(song, scheme), strict=True) if no}
    assert unknown == {"electric guitar", "acoustic guitar"}
    assert "guitar: clean electric guitar or distorted electric guitar or acoustic guitar" in caplog.text
    caplog.clear()
    assert reader.songs() and not caplog.records  # once
    assert not Folder(tmp_path, stems={"guitar": "acoustic guitar"}).validate() and not caplog.records


SCHEME = "kalimba: [own:kalimba]\nbass: [electric bass]\nother: ['*']\n"


def test_an_instrument_that_the_taxonomy_lacks_can_be_a_target(tmp_path, home):
    for number in range(3):
        put(tmp_path, f"{number} - x/kalimba.wav", f"{number} - x/bass.wav", f"{number} - x/zither.wav")
    (tmp_path / "scheme.yaml").write_text(SCHEME)
    scheme = targets(str(tmp_path / "scheme.yaml"))
    table = {"kalimba": "own:kalimba", "zither": "own:zither"}
    song = Folder(tmp_path, stems=table).songs()[0]
    assert scheme.of_labels(["own:kalimba"]) == {0} and scheme.of_labels(["own:zither"]) == {2}
    assert not labels.unknown_targets(song, scheme).any()
    assert labels.unknown_targets(song, targets("mms")).sum() == 0
    # What somebody else calls an instrument that the list lacks may be a kalimba.
    vague = Folder(tmp_path, stems={**table, "zither": "other instrument"}).songs()[0]
    assert labels.unknown_targets(vague, scheme).tolist() == [True, False, True]
    assert labels.unknown_targets(vague, targets("mms")).sum() == 0
    assert "own:kalimba" not in instrument_labels()


def test_a_label_of_ones_own_that_no_song_has_is_no_silence(tmp_path, home):
    for number in range(3):
        put(tmp_path, f"{number} - x/kalimba.wav")
    (tmp_path / "scheme.yaml").write_text(SCHEME)
    reader = Folder(tmp_path, stems={"kalimba": "own:kalimbo"})
    data = MultitrackDataModule(reader, str(tmp_path / "scheme.yaml"), None, 8000, 1, 256, 0.05, 1, 1, 1)
    with pytest.raises(DataError, match=r"own:kalimba.*no stem .*they have own:kalimbo"):
        data.prepare_data()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kalimba: [own:Kalimba]", "'own:Kalimba' is no label"),
        ("kalimba: [kalimba]", "or own:kalimba, to have it as a target"),
        ("kalimba: own:kalimba", "must be a name and a list of labels"),
        ("- kalimba", "must hold a list of labels for each target"),
        ("a: [tuba]\na: [flute]", "'a' stands twice"),
        ("a: [", "not readable as YAML"),
        ("a: [[tuba]]", "must be text"),
    ],
)
def test_a_scheme_of_another_form_is_refused(text, said, tmp_path):
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(DataError, match=f"mine.yaml.*{said}"):
        targets(str(tmp_path / "mine.yaml"))
