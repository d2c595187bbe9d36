"""A detector of ours against musicnn, a tagger of recorded music that comes with its weights: the same seconds of the
same songs, ROC AUC and average precision of what both can answer.

    python bench/bench_tagger.py RUN [--root TREE] [--mixes] [--every N]

RUN is the folder of a trained detector with the 18 targets of `scheme=iad`; its test songs are scored, or the songs of
TREE, or (`--mixes`) every mix that can be made of one or more stems of these, so that a recording of which most
instruments play all the time has rests. `--every 2` takes every second song.

musicnn is no dependency: `pip install --no-deps musicnn` brings the weights, and `tagger_net.py` runs them without
TensorFlow. It hears the 3 s around each second, as it learned to; ours the second, or its own context. musicnn learned
from recordings (MagnaTagATune's 50 tags, or 50 of the Million Song Dataset) and tags of whole clips, ours from
synthesised songs and what plays when: who is ahead where is as much a matter of the songs as of the nets. Its tags and
our targets become groups (`GROUPS`), each the highest of its members. What could be meant by a tag and is no member is
in doubt: seconds with it and without a member count for nobody.

Taggers that could be compared in the same way (panns-inference, torch-vggish-yamnet, openl3) come without weights.
"""

import argparse
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np
from omegaconf import OmegaConf
from tagger_net import NETS, RATE, Tagger, folder_of_package

from stemwise.audio import resample
from stemwise.detector import Detector
from stemwise.evaluation.detection import detect_songs
from stemwise.experiment import configs, runs
from stemwise.experiment.songs import choose_songs
from stemwise.export import load
from stemwise.memory import keep_freed_memory
from stemwise.metrics.arrays import Doubles
from stemwise.metrics.detection import (
    Clips,
    difference,
    lrap,
    macro,
    macro_figure,
    pooled,
    ranking_scores,
    weights_of,
)
from stemwise.metrics.detection.clips import ACTIVE
from stemwise.report.detection import Detections, detections_of
from stemwise.report.numbers import number, probability, signed

FEMALE = ("female", "woman", "female vocal", "female voice")
MALE = ("male", "man", "male vocal", "male voice")
SUNG = ("vocal", "vocals", "singing", "voice", "choir", "choral")


@dataclass(frozen=True)
class Group:
    """`targets` of ours, tags of either net, and the targets that a tag may mean although they are none of ours."""

    targets: tuple[str, ...]
    tags: Mapping[str, tuple[str, ...]]
    doubt: tuple[str, ...] = ()


def group(*targets: str, mtt: tuple[str, ...], msd: tuple[str, ...] = (), doubt: tuple[str, ...] = ()) -> Group:
    return Group(targets, dict(zip(NETS, (mtt, msd), strict=True)), doubt)


GROUPS = {
    "guitar": group(
        "clean electric guitar", "distorted electric guitar", "acoustic guitar", mtt=("guitar",), msd=("guitar",)
    ),
    "piano": group("piano", mtt=("piano",), doubt=("electric piano",)),
    "drums": group("drum set", "drum machine", mtt=("drums",)),
    "violin": group("violin", mtt=("violin",), doubt=("string section",)),
    "strings": group("string section", "violin", mtt=("strings", "violin")),
    "synthesizer": group("synthesizer", mtt=("synth",), doubt=("fx/processed sound",)),
    "female voice": group(
        "female singer", mtt=FEMALE, msd=("female vocalists", "female vocalist"), doubt=("vocalists",)
    ),
    "male voice": group("male singer", mtt=MALE, msd=("male vocalists",), doubt=("vocalists",)),
    "any voice": group(
        *("female singer", "male singer", "vocalists"),
        mtt=(*SUNG, *FEMALE, *MALE),
        msd=("female vocalists", "female vocalist", "male vocalists"),
    ),
}


@dataclass(frozen=True)
class Made:
    """What `detect_songs` asks of a prepared song."""

    audio: Doubles
    activity: Doubles
    known_activity: Doubles
    weak: tuple[bool, ...] = ()


def mixes(songs: Mapping[str, Made]) -> dict[str, Made]:
    """Every mix of one or more rows of each song; a target whose row is left out rests."""
    found = {}
    for name, song in songs.items():
        sounding = [row for row in range(len(song.audio)) if np.any(song.audio[row])]
        for count in range(1, len(sounding) + 1):
            for rows in combinations(sounding, count):
                kept = np.isin(np.arange(len(song.activity)), rows)
                activity = np.where(kept[:, None], song.activity, 0.0).astype(np.float32)
                found[f"{name} {rows}"] = Made(song.audio[list(rows)], activity, np.asarray(song.known_activity))
    return found


def tagged(tagger: Tagger, songs: Mapping[str, Made], rate: int) -> Doubles:
    """(clip, tag): of every whole second of the songs, in their order."""
    parts = []
    for song in songs.values():
        mixture = np.sum(song.audio, axis=0, dtype=np.float32).mean(axis=0)
        whole = max(len(mixture) // rate, 1)
        parts.append(tagger.seconds(resample(mixture[None], rate, RATE)[0])[:whole])
    return np.concatenate(parts).astype(np.float64)


def truth_of(one: Group, heard: Detections) -> Doubles:
    """(clip,) confidence, NaN where nobody knows, or where only what is in doubt plays."""
    members, doubtful = (
        heard.truth[:, [heard.targets.index(name) for name in names]] for names in (one.targets, one.doubt)
    )
    highest = np.fmax.reduce(members, axis=1)
    rests = ~(highest >= ACTIVE)
    truth = np.where(rests, members.max(axis=1), highest)
    truth[rests & (doubtful >= ACTIVE).any(axis=1)] = np.nan
    return truth


def grouped(heard: Detections, tags: Doubles, tagger: Tagger, net: str) -> tuple[list[str], Clips, Clips]:
    """Names of the groups that the net has tags for, and clips × these: of ours and of its."""
    names = [name for name, one in GROUPS.items() if one.tags[net]]
    truth = np.stack([truth_of(GROUPS[name], heard) for name in names], axis=1)
    members = {"ours": [], "theirs": []}
    for name in names:
        one = GROUPS[name]
        columns = [heard.targets.index(target) for target in one.targets]
        members["ours"].append(heard.clips.probability[:, columns].max(axis=1))
        members["theirs"].append(tags[:, [tagger.tags.index(tag) for tag in one.tags[net]]].max(axis=1))
    return names, *(Clips.of(truth, np.stack(side, axis=1), heard.clips.songs) for side in members.values())


def show(names: list[str], ours: Clips, theirs: Clips, seconds: Doubles, net: str, resamples: int) -> None:
    """A table of AUC and average precision, ours minus the other's with an interval over songs, and what is over all
    groups."""
    print(f"\n| {net}: group | plays | AUC, ours | its | ours − its | AP, ours | its | ours − its | p AUC, AP |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    weights = weights_of(ours, resamples)
    both = [ranking_scores(side, weights) for side in (ours, theirs)]
    silent = [name for name, plays in zip(names, ours.active.any(axis=0), strict=True) if not plays]
    for place, name in enumerate(names):
        if name not in silent:
            cells = [
                cell for mine, its in zip(*both, strict=True) for cell in pair(mine[:, [place]], its[:, [place]], ours)
            ]
            share = ours.active[ours.known[:, place], place].mean()
            print(row(name, f"{number(100 * share, 0)} %", cells))
    for level, sides in levels(ours, theirs, seconds).items():
        scores = [ranking_scores(side, weights) for side in sides]
        cells = [cell for mine, its in zip(*scores, strict=True) for cell in pair(mine, its, ours)]
        print(row(f"mean, {level}", "", cells))
    ranked = [lrap(side, weights)[:, None] for side in (ours, theirs)]
    print(f"LRAP over {len(names)} groups, ours, its, ours − its: {', '.join(pair(*ranked, ours))}")
    print(f"without a second in which they play: {', '.join(silent) or 'none'}")


def levels(ours: Clips, theirs: Clips, seconds: Doubles) -> dict[str, tuple[Clips, Clips]]:
    """Both at 1 s; at the 3 s that the tagger heard at once, and ours the highest of these; of songs as each has it in
    print, ours the highest of the seconds and the tagger their mean; and both by their mean."""
    middle = replace(theirs, probability=np.where(seconds[:, None] % 3 == 1, theirs.probability, 0.0))
    return {
        "1 s": (ours, theirs),
        "3 s": (pooled(ours, 3), pooled(middle, 3)),
        "songs, highest and mean": (pooled(ours, None), averaged(theirs)),
        "songs, means": (averaged(ours), averaged(theirs)),
    }


def averaged(clips: Clips) -> Clips:
    """A clip a song, of mean probability."""
    seconds = clips.per_song(np.ones((len(clips.songs), 1)))
    return replace(pooled(clips, None), probability=clips.per_song(clips.probability) / seconds)


def pair(mine: Doubles, its: Doubles, clips: Clips) -> tuple[str, str, str, str]:
    """Of draws (draw, group): both figures, their difference with its interval, and p."""
    apart = difference(macro(mine), macro(its), clips.song_count)
    interval = "" if np.isnan(apart.low) else f" [{signed(apart.low, 3)}, {signed(apart.high, 3)}]"
    figures = (number(macro_figure(side).value, 3) for side in (mine, its))
    return *figures, signed(apart.value, 3) + interval, probability(apart.p)


def row(name: str, plays: str, cells: list[str]) -> str:
    auc, ap = cells[:4], cells[4:]
    return f"| {' | '.join([name, plays, *auc[:3], *ap[:3], f'{auc[3]}, {ap[3]}'])} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", nargs="?", type=Path)
    parser.add_argument("--root")
    parser.add_argument("--mixes", action="store_true")
    parser.add_argument("--every", type=int, default=1)
    asked = parser.parse_args()
    package = folder_of_package()
    if package is None:
        print("musicnn is not installed: pip install --no-deps musicnn brings its weights; TensorFlow is not needed.")
        return
    if asked.run is None:
        print("Name the folder of a trained detector: python bench/bench_tagger.py RUN (experiment=iad_cnn makes one).")
        return
    compare(asked, package)


def compare(asked: argparse.Namespace, package: Path) -> None:
    exported = load(asked.run / "model.safetensors")
    config, splits = runs.read(asked.run, exported)
    reader = {"pad_short_stems": True} if asked.root else {}
    choice = {"root": asked.root, "reader": reader, "part": None, "limit": None, "shared": "refuse", "channels": None}
    songs = choose_songs(OmegaConf.create(choice), config, splits, exported.model)
    songs = dict(list(songs.items())[:: asked.every])
    songs = mixes(songs) if asked.mixes else songs
    start = time.process_time()
    heard = detections_of(detect_songs(Detector(exported.model), songs, report=lambda _: None))
    used = time.process_time() - start
    size = sum(values.numel() for values in exported.model.parameters())
    print(f"{asked.run.name}, {len(songs)} songs, {len(heard.seconds)} seconds of them; commit {runs.commit()}")
    print(f"{config.name}: {size} parameters, {used:.1f} s of the processor")
    for net in NETS:
        start = time.process_time()
        tagger = Tagger(package, net)
        tags = tagged(tagger, songs, exported.model.sample_rate)
        used = time.process_time() - start
        size = sum(values.numel() for values in tagger.weights.values())
        print(f"\n{net}: {size} numbers, {used:.1f} s of the processor")
        # Mixes of one song are no songs of their own: no draws.
        show(*grouped(heard, tags, tagger, net), heard.seconds, net, resamples=0 if asked.mixes else 2000)


if __name__ == "__main__":
    configs.register_resolvers()
    keep_freed_memory()
    main()
