"""Score a separator on songs, one after the other."""

from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from stemwise.evaluation.reference import Reference, reference
from stemwise.evaluation.scores import Estimated, score_song
from stemwise.loading.shard import PreparedSong
from stemwise.separator import Separator


def evaluate(
    separator: Separator,
    songs: Mapping[str, PreparedSong],
    gates: Sequence[str],
    name: str = "model",
    report: Callable[[str], None] = print,
    with_bss_eval: bool = False,
) -> pd.DataFrame:
    """A line for each song × target × system × gate, as `score_song` makes them; one song is in memory at a time."""
    lines = []
    for number, (song, prepared) in enumerate(songs.items(), start=1):
        truth = song_reference(separator, song, prepared)
        estimated = Estimated(*separator.estimate(truth.mixture))
        lines += score_song(separator, truth, estimated, gates, name, with_bss_eval)
        report(f"scored {number} of {len(songs)}: {song}")
    return pd.DataFrame(lines)


def song_reference(separator: Separator, name: str, song: PreparedSong) -> Reference:
    return reference(name, song, separator.model.sample_rate, separator.hop)
