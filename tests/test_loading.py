import numpy as np
import pytest
import torch

from stemwise.activity import frame_times
from stemwise.datasets.medleydb import MedleyDB
from stemwise.errors import DataError
from stemwise.loading.datamodule import MultitrackDataModule
from stemwise.loading.excerpts import Augmentation, ContinuingSampler, Excerpts
from stemwise.loading.store import PreparedSong, Recipe, prepare
from stemwise.taxonomy import targets
from tests.trees import IDS, edit_metadata

RATE, HOP = 16000, 384
TARGETS = targets("mms", ["vocals", "bass", "drums"])
RECIPE = Recipe(TARGETS, RATE, 1)


def module(tree, **changes) -> MultitrackDataModule:
    settings: dict = {"sample_rate": RATE, "channels": 1, "hop": HOP, "excerpt_seconds": 1.0, "batch_size": 4}
    settings |= {"excerpts": 8, "valid_excerpts": 4}
    data = MultitrackDataModule(MedleyDB(tree), "mms", list(TARGETS.names), **(settings | changes))
    data.prepare_data()
    data.setup("fit")
    return data


def test_a_prepared_song_is_the_resampled_sum_of_its_stems(tree, home):
    song = MedleyDB(tree).songs()[0]
    prepared = prepare(song, RECIPE, home / "store")
    assert prepared.audio.shape == (4, 1, 4 * RATE)
    pitch = np.abs(np.fft.rfft(prepared.audio[1, 0])).argmax() * RATE / (4 * RATE)
    assert 55 < pitch < 125  # the bass, at 60 to 120 Hz
    rest = np.abs(np.fft.rfft(prepared.audio[3, 0])).argmax() / 4
    assert 1400 < rest < 3000  # the violin belongs to no target
    from stemwise.audio import resample

    mix = resample(song.mixture().mean(axis=0, keepdims=True), 44100, RATE)
    np.testing.assert_allclose(prepared.audio.sum(axis=0), mix, atol=1e-5)
    assert prepared.known_audio.all() and prepared.known_activity.all()


def test_the_store_is_read_again_until_files_or_recipe_change(tree, home):
    song = MedleyDB(tree).songs()[0]
    first = prepare(song, RECIPE, home / "store").folder
    assert prepare(song, RECIPE, home / "store").folder == first
    assert prepare(song, Recipe(TARGETS, 8000, 1), home / "store").folder != first
    edit_metadata(tree / "Audio" / IDS[0], lambda meta: meta["stems"]["S04"].update(instrument="male singer"))
    assert prepare(MedleyDB(tree).songs()[0], RECIPE, home / "store").folder != first


def test_an_interrupt_leaves_no_half_song(tree, home, monkeypatch):
    from stemwise.loading import store

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(store.audio, "resample", stop)
    with pytest.raises(KeyboardInterrupt):
        prepare(MedleyDB(tree).songs()[0], RECIPE, home / "store")
    assert list((home / "store").iterdir()) == []


def test_shapes_and_the_mixture_is_the_sum(tree):
    batch = next(iter(module(tree).train_dataloader()))
    assert batch.mixture.shape == (4, 1, RATE) and batch.targets.shape == (4, 3, 1, RATE)
    assert batch.activity.shape == (4, 3, 1 + RATE // HOP)
    assert batch.known_audio.shape == batch.known_activity.shape == (4, 3)
    rest = batch.mixture - batch.targets.sum(dim=1)
    assert rest.abs().max() > 0.01  # the violin is in the mixture though no target


class Stub(PreparedSong):
    """Audio whose sample n is n, in the row's thousands of thousands; activity that is the time in seconds over ten."""

    def __init__(self, number: int, seconds: int = 8) -> None:
        self.number = number
        row = np.arange(seconds * RATE, dtype=np.float32)
        self.audio = np.stack([*[row + number * 1e6] * 3, 0 * row + 64 * number])[:, None]
        time = frame_times(1 + seconds * 44100 // 1024, 1024) / 10
        self.activity = np.stack([time] * 3).astype(np.float32)
        self.known_audio = self.known_activity = np.array([True, True, number != 1])


def excerpts(augmentation: Augmentation | None = None, seed: int = 0) -> Excerpts:
    return Excerpts([Stub(0), Stub(1)], RATE, RATE, HOP, seed, 100, augmentation)


def test_labels_ride_along_with_the_audio_to_the_frame():
    for index in range(20):
        batch = excerpts()[index]
        start = batch.targets[0, 0, 0].item() % 1e6
        times = (start + np.arange(1 + RATE // HOP) * HOP) / RATE
        np.testing.assert_allclose(batch.activity[0] * 10, times, atol=1e-4)


def test_remixing_takes_every_row_from_a_place_of_its_own_and_its_labels_and_knowledge_with_it():
    seen = set()
    for index in range(40):
        batch = excerpts(Augmentation(remix=1.0))[index]
        first = batch.targets[:, 0, 0].numpy()
        np.testing.assert_allclose(batch.activity[:, 0] * 10, first % 1e6 / RATE, atol=1e-4)
        songs = tuple((first >= 1e6).tolist())
        rest_of_second = bool(batch.mixture[0, 0] - batch.targets[:, 0, 0].sum() > 0)
        assert bool(batch.known_audio[2]) == (not songs[2] and not rest_of_second)
        assert batch.known_audio[:2].all()
        seen.add(songs)
    assert len(seen) == 8  # every combination of two songs over three rows


def test_gains_are_drawn_per_row_and_leave_labels_alone():
    plain, loud = excerpts()[3], excerpts(Augmentation(gain=(0.25, 1.25)))[3]
    ratio = (loud.targets / plain.targets.clamp_min(1)).amax(dim=(1, 2))
    assert len(set(ratio.tolist())) == 3 and ratio.min() >= 0.25 and ratio.max() <= 1.25
    assert torch.equal(plain.activity, loud.activity)
    torch.testing.assert_close(loud.mixture, loud.targets.sum(dim=0), atol=100, rtol=0)  # and at most the rest


def test_swapped_channels_change_places_and_nothing_else():
    class Stereo(Stub):
        def __init__(self, number: int) -> None:
            super().__init__(number)
            self.audio = np.concatenate([self.audio, -self.audio], axis=1)

    songs = [Stereo(0), Stereo(1)]
    plain, swapped = (Excerpts(songs, RATE, RATE, HOP, 0, 100, Augmentation(swap=share))[3] for share in (0.0, 1.0))
    assert torch.equal(swapped.targets, plain.targets.flip(1))
    assert torch.equal(swapped.mixture, plain.mixture.flip(0))
    assert torch.equal(swapped.activity, plain.activity)
    half = [Excerpts(songs, RATE, RATE, HOP, 0, 100, Augmentation(swap=0.5))[index] for index in range(40)]
    signs = torch.stack([torch.sign(batch.targets[:, 0, 5]) for batch in half])
    assert 0.3 < (signs < 0).float().mean() < 0.7


def test_an_example_depends_on_seed_and_index_alone():
    augmentation = Augmentation(0.5, (0.25, 1.25))
    assert torch.equal(excerpts(augmentation)[5].mixture, excerpts(augmentation)[5].mixture)
    assert not torch.equal(excerpts(augmentation)[5].mixture, excerpts(augmentation)[6].mixture)
    assert not torch.equal(excerpts(augmentation, seed=1)[5].mixture, excerpts(augmentation)[5].mixture)


def test_a_pass_goes_on_where_the_training_stands():
    seen = iter([0, 5, 40])
    sampler = ContinuingSampler(5, lambda: next(seen))
    assert [list(sampler) for _ in range(3)] == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [40, 41, 42, 43, 44]]


def test_the_same_batches_for_any_number_of_workers(tree):
    alone = [batch.mixture for batch in module(tree).train_dataloader()]
    shared = [batch.mixture for batch in module(tree, workers=2).train_dataloader()]
    assert len(alone) == 2 and all(torch.equal(a, b) for a, b in zip(alone, shared, strict=True))


def test_spawned_workers_get_paths_and_not_arrays(tree):
    import pickle

    song = module(tree).excerpts["train"].songs[0]
    assert song.audio.size and len(pickle.dumps(song)) < 1000


def test_songs_without_the_target_can_be_left_out(tree):
    edit_metadata(tree / "Audio" / IDS[0], lambda meta: meta["stems"]["S02"].update(instrument="claps"))
    data = MultitrackDataModule(MedleyDB(tree), "mms", ["drums"], RATE, 1, HOP, 1.0, require_targets=True)
    with pytest.raises(DataError, match="drums plays in none of the 1 songs of 'train'"):
        data.setup("fit")


@pytest.mark.parametrize("augmentation", [Augmentation(), Augmentation(remix=1.0), Augmentation(varispeed=3.0)])
@pytest.mark.parametrize("balance", [0.0, 1.0])
def test_a_song_a_little_shorter_than_an_excerpt_is_silent_behind_its_end(augmentation, balance):
    """7.7 s in 8 s: all of the song from its beginning, at its speed or slower; then rests of every target."""
    short, long = Stub(0, 8), Stub(2, 9)
    short.audio, short.activity = short.audio[..., : round(7.7 * RATE)], short.activity[:, : round(7.7 * 44100 / 1024)]
    for index in range(12):
        songs = [short] if index % 2 else [short, long]
        batch = Excerpts(songs, 8 * RATE, RATE, HOP, 0, 12, augmentation, balance)[index]
        assert batch.mixture.shape == (1, 8 * RATE) and batch.activity.shape == (3, 1 + 8 * RATE // HOP)
        for row in range(3):
            if augmentation.varispeed or batch.targets[row, 0, 0] >= 1e6:
                continue
            sound, times = batch.targets[row, 0].numpy(), np.arange(1 + 8 * RATE // HOP) * HOP / RATE
            np.testing.assert_array_equal(sound, np.where(np.arange(8 * RATE) < 7.7 * RATE, np.arange(8 * RATE), 0))
            inside = times < 7.6
            np.testing.assert_allclose(10 * batch.activity[row, inside], times[inside], atol=1e-4)
            assert not batch.activity[row, times > 7.7].any()


def test_an_excerpt_longer_than_a_song_raises(tree):
    with pytest.raises(DataError, match=r"4.00 s are shorter than an excerpt of 5.00 s"):
        module(tree, excerpt_seconds=5.0)
    assert next(iter(module(tree, excerpt_seconds=4.2).train_dataloader())).mixture.shape[-1] == round(4.2 * RATE)


def test_an_empty_part_raises_with_the_cure(tree):
    (tree / "splits.json").write_text('{"train": ["Ann_One"], "valid": [], "test": []}')
    with pytest.raises(DataError, match=r"no songs in the part 'valid'.*splits"):
        module(tree)


def test_a_spawned_worker_makes_the_same_examples(tree):
    """As on macOS and Windows, where workers start from nothing and everything that reaches them is pickled."""
    data = module(tree).excerpts["train"]
    (spawned,) = torch.utils.data.DataLoader(data, 8, num_workers=1, multiprocessing_context="spawn")
    assert torch.equal(spawned.mixture, torch.stack([data[index].mixture for index in range(8)]))


def test_a_mixture_alone_is_the_same_mixture():
    """Whatever is drawn for it; the targets have no samples then, and everything else is as it was."""
    augmentation = Augmentation(remix=0.5, gain=(0.25, 1.25), swap=0.5, tone=6.0)
    whole = excerpts(augmentation)
    alone = Excerpts([Stub(0), Stub(1)], RATE, RATE, HOP, 0, 100, augmentation, mixture_only=True)
    for index in range(20):
        one, other = whole[index], alone[index]
        assert torch.equal(one.mixture, other.mixture) and torch.equal(one.activity, other.activity)
        assert torch.equal(one.known_activity, other.known_activity)
        assert other.targets.shape == (*one.targets.shape[:-1], 0)


def test_targets_that_never_play_in_the_training_songs_are_named(tree, caplog):
    names = ["vocals", "piano", "electric guitar", "drums"]
    for mixture_only in (False, True):
        caplog.clear()
        data = MultitrackDataModule(MedleyDB(tree), "mms", names, RATE, 1, HOP, 1.0, 4, 8, 4, mixture_only=mixture_only)
        data.prepare_data()
        data.setup("fit")
        assert set(data.never_heard) == {"piano", "electric guitar"}
        (said,) = [record.message for record in caplog.records if record.levelname == "WARNING"]
        assert "electric guitar" in said and "piano" in said and "training songs" in said and "drums" not in said
        data.setup("validate")
        assert len([record for record in caplog.records if record.levelname == "WARNING"]) == 1
    caplog.clear()
    assert module(tree).never_heard == () and "never" not in caplog.text


def test_what_is_known_without_its_audio_is_heard_by_detectors_alone(tree):
    for mixture_only, never in ((False, ("bass",)), (True, ())):
        data = module(tree, mixture_only=mixture_only)
        songs = list(data.prepared("train").values())
        facts = [song.known()._replace(known_audio=(True, False, True)) for song in songs]
        assert data._never_heard([PreparedSong(s.folder, f) for s, f in zip(songs, facts, strict=True)]) == never
