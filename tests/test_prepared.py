"""`stemwise prepare`, and training from a store without its songs: copied, in object storage, in parts."""

import json
import shutil
import sys
from pathlib import Path

import fsspec
import numpy as np
import pandas as pd
import pytest
import torch
from lightning_fabric.utilities.distributed import DistributedSamplerWrapper
from src.eval import evaluate_run
from torch.multiprocessing import get_context
from torch.utils.data import DataLoader

from stemwise.datasets.medleydb import MedleyDB
from stemwise.errors import DataError
from stemwise.loading.datamodule import MultitrackDataModule, every
from stemwise.loading.excerpts import ContinuingSampler
from stemwise.loading.prepared import PreparedStore
from stemwise.loading.shard import PreparedSong
from tests.sets import make_musdb
from tests.test_cli import stemwise
from tests.test_store import digests, flip, shard_of, truncate
from tests.test_train import SMALL, composed, trained
from tests.trees import IDS, edit_metadata

RECIPE = ("--rate", "8000", "--channels", "1", "--only", "vocals", "--only", "bass")
RATE, HOP = 8000, 256


def module(dataset, **changes) -> MultitrackDataModule:
    settings: dict = {"excerpt_seconds": 1.0, "batch_size": 4, "excerpts": 16, "valid_excerpts": 4, "balance": 0.5}
    data = MultitrackDataModule(dataset, "mms", ["vocals", "bass"], RATE, 1, HOP, **(settings | changes))
    data.prepare_data()
    data.setup("fit")
    return data


def mixtures(data: MultitrackDataModule, **loader) -> torch.Tensor:
    return torch.cat([batch.mixture for batch in DataLoader(data.excerpts["train"], 4, **loader)])


@pytest.fixture
def copied(tree, tmp_path, home) -> Path:
    """A store, copied, and the songs it was made of are gone; `expected` beside it is what they gave."""
    stemwise("prepare", tree, *RECIPE, "--out", tmp_path / "here")
    torch.save(mixtures(module(MedleyDB(tree))), tmp_path / "expected")
    shutil.copytree(tmp_path / "here", tmp_path / "there")
    shutil.rmtree(tmp_path / "here")
    shutil.rmtree(tree)
    shutil.rmtree(home / "data")
    return tmp_path / "there"


def expected(copied: Path) -> torch.Tensor:
    return torch.load(copied.parent / "expected")


def test_a_copied_store_gives_the_same_batches_without_its_source(copied):
    before = digests(copied)
    data = module(PreparedStore(copied))
    assert torch.equal(mixtures(data), expected(copied)) and data.dataset.splits()["test"] == [IDS[2]]
    assert [song.artist for song in data.dataset.songs()] == ["Ann", "Bob", "Cyd"]
    assert digests(copied) == before


def test_a_store_for_something_else_is_refused_with_both(copied):
    with pytest.raises(DataError, match=r"there has vocals, bass at 8000 Hz .* channels, but bass, vocals at"):
        MultitrackDataModule(PreparedStore(copied), "mms", ["bass", "vocals"], RATE, 1, HOP, 1.0).prepare_data()
    with pytest.raises(DataError, match=r"but vocals, bass at 16000 Hz with 1 channels are wanted"):
        MultitrackDataModule(PreparedStore(copied), "mms", ["vocals", "bass"], 16000, 1, HOP, 1.0).prepare_data()


def test_no_store_an_empty_one_and_one_of_another_release_are_refused(copied, tmp_path):
    with pytest.raises(DataError, match=r"nowhere: no prepared store \(looked for store\.json\).*stemwise prepare"):
        PreparedStore(tmp_path / "nowhere").songs()
    with pytest.raises(DataError, match="holds no songs"):
        PreparedStore(copied, skip=IDS).songs()
    index = json.loads((copied / "store.json").read_text())
    (copied / "store.json").write_text(json.dumps({**index, "format": 1}))
    with pytest.raises(DataError, match=r"a store of format 1, where this release reads \d"):
        PreparedStore(copied).songs()


def test_splits_of_a_store_are_those_of_a_file_or_by_artist_where_the_set_had_none(copied, tmp_path):
    wanted = {"train": [IDS[2]], "valid": [IDS[0]], "test": [IDS[1]]}
    (tmp_path / "mine.json").write_text(json.dumps(wanted))
    assert PreparedStore(copied, tmp_path / "mine.json").splits() == wanted
    assert PreparedStore(copied, tmp_path / "mine.json", skip=[IDS[1]]).splits() == {**wanted, "test": []}
    index = json.loads((copied / "store.json").read_text())
    (copied / "store.json").write_text(json.dumps({**index, "splits": None}))
    by_artist = PreparedStore(copied).splits()
    assert sorted(id for part in by_artist.values() for id in part) == sorted(IDS) and all(by_artist.values())


def test_object_storage_is_read_shard_by_shard_each_once(copied, home):
    memory = fsspec.filesystem("memory")
    memory.put(str(copied), "/bucket/store", recursive=True)
    shutil.rmtree(copied)
    try:
        data = module(PreparedStore("memory://bucket/store"))
        assert not list((home / "data" / "store").rglob("audio.npy")), "setting up needs the index alone"
        assert torch.equal(mixtures(data), expected(copied))
        assert len(list((home / "data" / "store").rglob("audio.npy"))) == 1, "the one song of the training part"
        memory.rm("/bucket", recursive=True)
        assert torch.equal(mixtures(data), expected(copied)), "copies are read again"
    finally:
        memory.store.clear()


@pytest.mark.parametrize("harm", [flip, truncate, shutil.rmtree])
def test_a_damaged_or_missing_shard_in_object_storage_is_refused_and_not_kept(copied, home, harm):
    data = module(PreparedStore(f"file://{copied}"))
    harm(shard_of(copied, IDS[0]))
    with pytest.raises(DataError, match=rf"file://.*/{IDS[0]}-\w+: .*Copy the store there anew"):
        _ = data.excerpts["train"][0]
    assert not list((home / "data" / "store").rglob("*.npy"))


def test_two_spawned_workers_copy_and_read_a_store_of_a_url(copied):
    data = module(PreparedStore(f"file://{copied}"))
    shared = mixtures(data, num_workers=2, multiprocessing_context="spawn")
    assert torch.equal(shared, expected(copied))


def _part(rank: int, where: str, numbers, found) -> None:
    """One of two processes of a training, each with a sampler of its own, as Lightning gives them."""
    torch.set_num_threads(1)
    data = module(PreparedStore(where)).excerpts["train"]
    mine = DistributedSamplerWrapper(ContinuingSampler(16, lambda: 0), num_replicas=2, rank=rank, shuffle=False)
    batches = DataLoader(data, 4, sampler=mine)
    numbers[rank] = list(mine)
    found[rank] = np.concatenate([batch.mixture.numpy() for batch in batches])


def test_two_processes_each_read_their_own_part_and_together_all_of_it(copied):
    context = get_context("spawn")
    with context.Manager() as manager:
        numbers, found = manager.dict(), manager.dict()
        both = [context.Process(target=_part, args=(rank, str(copied), numbers, found)) for rank in (0, 1)]
        for process in both:
            process.start()
        for process in both:
            process.join()
        numbers, found = dict(numbers), dict(found)
    assert not set(numbers[0]) & set(numbers[1]) and sorted(numbers[0] + numbers[1]) == list(range(16))
    for rank in (0, 1):
        np.testing.assert_array_equal(found[rank], expected(copied)[numbers[rank]].numpy())


def test_a_training_finds_what_the_command_prepared(tree, home, monkeypatch):
    from stemwise.loading import filling

    said = stemwise("prepare", tree, *RECIPE)
    (folder,) = (home / "data" / "store").iterdir()
    assert f"3 songs prepared, 0 kept, in {folder}" in said
    monkeypatch.setattr(filling, "make", lambda *_: pytest.fail("prepared again"))
    song = module(MedleyDB(tree)).excerpts["train"].songs[0]
    assert song.folder.parent == folder


def test_the_recipe_of_a_model_is_that_of_its_training(tmp_path):
    from hydra.utils import instantiate

    from stemwise.catalogue import descriptions
    from stemwise.cli.prepare import recipe_of
    from stemwise.experiment import configs
    from stemwise.loading.store import Recipe
    from stemwise.taxonomy import targets

    configs.register_resolvers()
    for model, words in (("iass_small", []), ("open_unmix", ["targets=[drums]"]), ("iass", ["targets=[vocals]"])):
        built = instantiate(composed(tmp_path, f"model={model}", *words).model)
        only = None if model == "iass_small" else list(built.targets)
        assert recipe_of(model, None, None, "mms", only) == Recipe(
            targets("mms", only), built.sample_rate, built.channels
        )
    assert recipe_of("iass", None, None, "mms", None).targets.names == ("vocals",)
    for name in descriptions():
        assert recipe_of(name, None, None, None, None).channels == (2 if name == "open_unmix" else 1)


def test_what_it_is_prepared_for_must_be_said_once(tree):
    for words in ([], ["--rate", 8000], ["--model", "iass", "--rate", 8000, "--channels", 1]):
        assert "Give --model" in stemwise("prepare", tree, *words, code=1)
    assert "no network 'iasss'" in stemwise("prepare", tree, "--model", "iasss", code=1)


def test_the_command_mends_says_and_cleans(tree, home):
    stemwise("prepare", tree, *RECIPE)
    (folder,) = (home / "data" / "store").iterdir()
    flip(shard_of(folder, IDS[2]))
    assert "0 songs prepared, 3 kept" in stemwise("prepare", tree, *RECIPE)
    said = stemwise("prepare", tree, *RECIPE, "--verify")
    assert f"{IDS[2]}-" in said and "holds other bytes" in said and "1 song prepared, 2 kept" in said
    edit_metadata(tree / "Audio" / IDS[0], lambda meta: meta["stems"]["S04"].update(instrument="male singer"))
    said = stemwise("prepare", tree, *RECIPE)
    assert f"changed since they were prepared: {IDS[0]}" in said and "1 prepared songs are of other files" in said
    assert "--clean removes them" in said and len(list(folder.glob(f"{IDS[0]}-*"))) == 2
    assert "removed" in stemwise("prepare", tree, *RECIPE, "--clean") and shard_of(folder, IDS[0])


def test_a_set_without_splits_is_prepared_and_says_so(tmp_path, home):
    make_musdb(tmp_path / "musdb", {"train": ("A - B", "C - D"), "test": ("E - F",)}, 1.0)
    words = ("--rate", 8000, "--channels", 2, "--targets", "musdb", "--out", tmp_path / "store")
    said = stemwise("prepare", tmp_path / "musdb", *words)
    assert "without splits (MUSDB18-HQ: none of the 14 validation songs" in said and "3 songs prepared" in said
    store = PreparedStore(tmp_path / "store")
    assert {song.id for song in store.songs()} == {"A_B", "C_D", "E_F"}
    prepared = PreparedSong(tmp_path / "store" / store.index.songs["A_B"]["shard"])
    assert prepared.audio.shape == (5, 2, RATE)


def test_a_training_on_a_store_alone_is_scored_on_it_and_not_on_its_songs_elsewhere(tree, tmp_path, home):
    words = ("--model", "iass_small", *(word for name in ("vocals", "bass", "drums") for word in ("--only", name)))
    stemwise("prepare", tree, *words, "--out", tmp_path / "store")
    shutil.move(tree, tmp_path / "elsewhere")
    run = tmp_path / "run"
    trained(run, tmp_path / "store", "data=prepared", *SMALL)
    evaluate_run(composed(run, f"run={run}", "report=false", name="eval"))
    scores = pd.read_parquet(run / "scores.parquet")
    assert set(scores.song) == {IDS[2]} and set(scores.target) == {"vocals", "bass", "drums"}
    reader = "+reader._target_=stemwise.datasets.medleydb.MedleyDB"
    with pytest.raises(DataError, match=rf"2 of 3 songs were in the run's training: {IDS[0]} \({IDS[0]} by name"):
        evaluate_run(composed(run, f"run={run}", f"root={tmp_path / 'elsewhere'}", "part=all", reader, name="eval"))


def test_a_long_preparation_is_told_of_now_and_then(monkeypatch):
    from stemwise.loading import datamodule

    now, said = [0.0], []
    monkeypatch.setattr(datamodule.time, "monotonic", lambda: now[0])
    tell = every(10, said.append)
    for now[0] in (1, 9, 11, 12, 20, 22):
        tell(now[0] / 100)
    assert said == [0.11, 0.22]


@pytest.mark.parametrize("url", ["s3://bucket/store", "nothing://store"])
def test_a_url_that_nothing_here_reads_is_said_in_a_sentence(url, monkeypatch):
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(DataError, match=rf"{url} cannot be read \(.*Install what it needs"):
        PreparedStore(url).songs()


def test_settings_of_the_data_are_those_of_a_training(tree, tmp_path, home):
    words = ("--out", tmp_path / "store", "--set", f"skip=[{IDS[0]}]", "--set", "bleed=false")
    stemwise("prepare", tree, *RECIPE, *words)
    assert [song.id for song in PreparedStore(tmp_path / "store").songs()] == sorted(IDS[1:])


def test_an_artist_who_was_corrected_is_corrected_in_the_store(tree, tmp_path, home):
    for artist in ("Ann", "Anne"):
        edit_metadata(tree / "Audio" / IDS[0], lambda meta, name=artist: meta.update(artist=name))
        stemwise("prepare", tree, *RECIPE, "--out", tmp_path / "store")
        assert PreparedStore(tmp_path / "store").songs()[0].artist == artist
