"""What cannot be known is neither learned nor scored: stems of any instrument, leaking stems, songs that lack stems."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch

from stemwise import labels
from stemwise.audio import resample
from stemwise.datasets.folder import Folder
from stemwise.datasets.medleydb import MedleyDB
from stemwise.errors import AudioError, DataError
from stemwise.loading.datamodule import MultitrackDataModule
from stemwise.loading.store import Recipe, prepare
from stemwise.losses import mean_of_known
from stemwise.song import Annotation
from stemwise.taxonomy import targets
from tests.trees import edit_metadata, make_tree

MMS = targets("mms")
FOUR = targets("musdb")


@pytest.fixture
def tree(tmp_path):
    return make_tree(tmp_path / "tree")


def song(tree, label: str = "violin", **facts):
    """The first song, its violin under another label."""
    edit_metadata(tree / "Audio" / "Ann_One", lambda meta: meta["stems"]["S04"].update(instrument=label))
    return replace(MedleyDB(tree).song("Ann_One"), **facts)


def known(song, scheme=MMS) -> set[str]:
    return {name for name, no in zip(scheme.names, labels.unknown_targets(song, scheme), strict=True) if not no}


@pytest.mark.parametrize("scheme", [MMS, FOUR])
def test_microphones_before_all_players_make_every_target_unknown(tree, scheme):
    assert known(song(tree), scheme) == set(scheme.names)
    assert known(song(tree, "Main System"), scheme) == set()


def test_a_stem_that_nobody_labelled_may_be_a_target_that_has_no_stem(tree):
    assert known(song(tree, "Unlabeled")) == {"vocals", "bass", "drums"}


def test_a_stem_that_nobody_labelled_is_no_sound_of_the_target_that_takes_what_is_left(tree):
    assert known(song(tree), FOUR) == set(FOUR.names)
    assert known(song(tree, "Unlabeled"), FOUR) == set(FOUR.names) - {"other"}
    noted = replace(song(tree, "Unlabeled"), annotations=(Annotation(("violin",), ((0.0, 1.0),)),))
    assert labels.unknown_activity(noted, FOUR)[FOUR.names.index("other")]


def test_an_incomplete_song_is_as_wide_as_its_mix(tmp_path, home):
    folder = tmp_path / "Ann - One"
    folder.mkdir()
    rng = np.random.default_rng(0)
    vocals, left = rng.uniform(-0.1, 0.1, (2, 8000))
    soundfile.write(folder / "vocals.wav", vocals, 8000, subtype="FLOAT")
    soundfile.write(folder / "mix.wav", np.stack([vocals + left, vocals], axis=1), 8000, subtype="FLOAT")
    found = Folder(tmp_path, complete=False).song("Ann_One")
    np.testing.assert_allclose(found.remainder(), [left, 0 * left], atol=1e-6)
    assert Folder(tmp_path).song("Ann_One").channels == 1
    soundfile.write(folder / "mix.wav", np.zeros((8000, 6)), 8000)
    with pytest.raises(DataError, match=r"mix\.wav has 6 channels"):
        Folder(tmp_path, complete=False).song("Ann_One")


def test_an_instrument_that_the_taxonomy_lacks_is_none_of_the_targets(tree):
    assert known(song(tree, "other instrument")) == set(MMS.names)
    assert FOUR.of_labels(["other instrument"]) == {FOUR.names.index("other")}


@pytest.mark.parametrize("facts", [{"bleed": True}, {"complete": False}])
def test_a_target_without_a_stem_is_silent_and_known_unless_stems_leak_or_lack(tree, facts):
    whole = song(tree)
    assert known(whole) == set(MMS.names)
    assert known(replace(whole, **facts)) == {"vocals", "bass", "drums"}


def with_more_in_the_mix(tree):
    path = tree / "Audio" / "Ann_One" / "Ann_One_MIX.wav"
    mix, rate = soundfile.read(path)
    more = 0.1 * np.sin(2 * np.pi * 3000 * np.arange(len(mix)) / rate)
    soundfile.write(path, mix + more[:, None], rate, subtype="FLOAT")
    return mix, more


def test_what_the_stems_of_an_incomplete_song_leave_of_its_mix_is_the_rest_of_the_mixture(tree, home):
    mix, more = with_more_in_the_mix(tree)
    part, whole = song(tree, complete=False), song(tree)
    np.testing.assert_allclose(part.mixture(1000, 3000), (mix + more[:, None])[1000:3000].T, atol=1e-6)
    np.testing.assert_allclose(whole.mixture(1000, 3000), mix[1000:3000].T, atol=1e-4)
    np.testing.assert_allclose(part.remainder(0, 999)[0], more[:999], atol=1e-4)
    assert not whole.remainder(0, 999).any()
    recipe = Recipe(MMS, 8000, 1)
    ours, theirs = (prepare(each, recipe, home / "store") for each in (part, whole))
    np.testing.assert_array_equal(ours.audio[:-1], theirs.audio[:-1])
    np.testing.assert_allclose(ours.audio[-1, 0] - theirs.audio[-1, 0], resample(more[None], 44100, 8000)[0], atol=1e-4)
    assert ours.known_audio.tolist() == [True, False, False, False, True, True] and theirs.known_audio.all()


def test_an_incomplete_song_without_a_mix_is_the_sum_of_its_stems(tree):
    whole = song(tree)
    np.testing.assert_array_equal(replace(whole, complete=False, mix=None).mixture(0, 999), whole.mixture(0, 999))


def test_a_changed_mix_is_prepared_anew_only_where_it_is_heard(tree, home):
    recipe = Recipe(MMS, 8000, 1)
    part, whole = song(tree, complete=False), song(tree)
    before = [prepare(each, recipe, home / "store").folder for each in (part, whole)]
    with_more_in_the_mix(tree)
    after = [prepare(each, recipe, home / "store").folder for each in (part, whole)]
    assert after[0] != before[0] and after[1] == before[1] and after[0] != after[1]


def test_a_mix_that_does_not_fit_the_stems_of_an_incomplete_song_raises(tree):
    soundfile.write(tree / "Audio" / "Ann_One" / "Ann_One_MIX.wav", np.zeros((999, 2)), 44100)
    with pytest.raises(AudioError, match=r"MIX\.wav: 999 samples at 44100 Hz, but the stems of Ann_One have 176400"):
        song(tree, complete=False).mixture()


def module(tree) -> MultitrackDataModule:
    data = MultitrackDataModule(
        MedleyDB(tree), "mms", None, 8000, 1, 256, excerpt_seconds=1.0, batch_size=4, excerpts=64, valid_excerpts=4
    )
    data.prepare_data()
    data.setup()
    return data


def test_songs_that_know_no_target_are_not_drawn(tree, home, caplog):
    (tree / "splits.json").write_text('{"train": ["Ann_One", "Bob_Two"], "valid": ["Cyd_Three"], "test": []}')
    song(tree, "Main System")
    assert [each.folder.name[:7] for each in module(tree).excerpts["train"].songs] == ["Bob_Two"]
    edit_metadata(tree / "Audio" / "Bob_Two", lambda meta: meta["stems"]["S01"].update(instrument="Main System"))
    with pytest.raises(DataError, match="in none of the 2 songs of 'train' is anything known of vocals"):
        module(tree)


def test_what_is_known_of_audio_and_of_activity_reaches_the_batch_apart(tree, home):
    data = module(tree)
    for each in data.excerpts["train"].songs:
        each.known_audio, each.known_activity = np.eye(6, dtype=bool)[0], ~np.eye(6, dtype=bool)[0]
    batch = next(iter(data.train_dataloader()))
    assert torch.equal(batch.known_audio, ~batch.known_activity) and batch.known_audio[:, 0].all()
    error = torch.arange(6.0).expand(4, 6)
    assert mean_of_known(error, batch.known_audio) == 0 and mean_of_known(error, batch.known_activity) == 3
