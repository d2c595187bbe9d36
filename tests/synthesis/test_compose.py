from collections import defaultdict

import numpy as np
import pytest

from stemwise.synthesis import find_preset
from stemwise.synthesis.arrange import fill_silence
from stemwise.synthesis.instruments import instruments
from stemwise.synthesis.song import Job
from stemwise.taxonomy import check_label, instrument_labels, targets

SONGS = 80


@pytest.fixture(scope="module")
def scores():
    """80 songs of 45 s in notes, with the part of the split each belongs to."""
    preset = find_preset("demo").with_songs(SONGS)
    jobs = [Job(preset, 3, number) for number in range(SONGS)]
    return [(job.split, job.score()) for job in jobs]


def test_the_kinds_under_targets_are_those_of_the_scheme():
    with_chance = {kind: one for kind, one in instruments().items() if one.chance}
    scheme = targets("mms")
    assert set(with_chance) == set(scheme.names)
    for kind, one in instruments().items():
        index = scheme.names.index(kind) if kind in with_chance else None
        assert scheme.of_labels(sound.label for sound in one.sounds) == {index}


def test_labels_are_of_the_taxonomy(scores):
    for _, score in scores:
        for part in score.parts:
            check_label(part.patch.label, score.title)
    assert len(instrument_labels()) > 100


def test_patches_of_test_songs_are_never_in_training(scores):
    used = defaultdict(lambda: {True: set(), False: set()})
    for split, score in scores:
        for part in score.parts:
            used[part.patch.label][split == "test"].add(part.patch.program)
    for one in instruments().values():
        for sound in one.sounds:
            if sound.unseen:
                programs = used[sound.label]
                assert programs[False] <= set(sound.programs)
                assert programs[True] <= set(sound.unseen)
                assert not programs[False] & programs[True]
    assert used["electric bass"][True] and used["electric bass"][False]


def test_six_to_nine_stems_and_every_target_in_most_but_not_all_songs(scores):
    assert {len(score.parts) for _, score in scores} <= {6, 7, 8, 9}
    for kind, one in instruments().items():
        present = np.mean([any(part.kind == kind for part in score.parts) for _, score in scores])
        if one.chance:
            # Three standard deviations of a share that is drawn 80 times.
            assert abs(present - one.chance) < 3 * np.sqrt(one.chance * (1 - one.chance) / SONGS) + 0.01
            assert present < 1


def test_shares_of_bars_played(scores):
    shares = defaultdict(list)
    for _, score in scores:
        for part in score.parts:
            shares[part.kind].append(np.mean(part.plays))
    for kind in targets("mms").names:
        assert abs(np.mean(shares[kind]) - instruments()[kind].share) < 0.1, kind


def test_every_song_has_rests_of_five_seconds(scores):
    for _, score in scores:
        rests = [bars * score.form.bar_seconds for part in score.parts for bars in runs_of_rest(part.plays)]
        assert sum(rest >= 5 for rest in rests) >= 2
        assert sum(rest >= 3.5 for rest in rests) >= 4


def test_parts_rest_together_but_never_all(scores):
    together = []
    for _, score in scores:
        resting = (~np.array([part.plays for part in score.parts])).sum(axis=0)
        together.append(np.mean(resting >= 2))
        assert (resting <= len(score.parts) - 2).all()
    assert np.mean(together) > 0.2


def test_fill_silence_lets_the_last_parts_in():
    assert fill_silence([[False, True], [False, False], [False, True]]) == [[False, True], [True, False], [True, True]]


def test_no_note_sounds_in_a_rest(scores):
    """A note may come 30 ms early, which is the most that a hand wavers."""
    for _, score in scores:
        form = score.form
        for part in score.parts:
            for note in part.notes:
                first = int((note.start + 0.031 - form.time(0)) / form.bar_seconds)
                assert part.plays[first], (part.kind, note)
                last = int((note.end - 0.15 - form.time(0)) / form.bar_seconds)
                assert part.plays[max(last, first)], (part.kind, note)


def test_voices_and_winds_sing_one_note_at_a_time_in_their_range(scores):
    from stemwise.synthesis.parts.melody import RANGES

    for _, score in scores:
        for part in score.parts:
            if part.patch.label in RANGES:
                low, high = RANGES[part.patch.label]
                assert all(low - 2 <= note.pitch <= high + 2 for note in part.notes)
                ends = [note.end for note in part.notes]
                assert all(note.start >= end for note, end in zip(part.notes[1:], ends, strict=False))


def test_notes_are_valid_midi(scores):
    for _, score in scores:
        for part in score.parts:
            for note in part.notes:
                assert 0 <= note.start < note.end < score.seconds
                assert 21 <= note.pitch <= 108
                assert 1 <= note.velocity <= 127


def test_hands_waver(scores):
    """Onsets of the bass leave the grid of sixteenths by some milliseconds, and velocities differ."""
    _, score = next(s for s in scores if any(part.kind == "bass" for part in s[1].parts))
    notes = next(part for part in score.parts if part.kind == "bass").notes
    grid = score.form.bar_seconds / 16
    off = [(note.start - score.form.time(0) + grid / 2) % grid - grid / 2 for note in notes]
    assert 0.002 < np.std(off) < 0.02
    assert len({note.velocity for note in notes}) > 5


def runs_of_rest(plays) -> list[int]:
    runs, length = [], 0
    for play in [*plays, True]:
        if play and length:
            runs.append(length)
        length = 0 if play else length + 1
    return runs
