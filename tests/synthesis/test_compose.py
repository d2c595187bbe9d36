"""Songs in notes: who is there, who rests, and that a band could play it."""

from collections import defaultdict
from itertools import pairwise

import numpy as np
import pytest

from stemwise.synthesis import find_preset
from stemwise.synthesis.arrange import SPREAD
from stemwise.synthesis.instruments import instruments
from stemwise.synthesis.song import Options
from stemwise.synthesis.sources import composed_jobs
from stemwise.synthesis.style import styles
from stemwise.taxonomy import check_label

SONGS = 140
SINGLE = {"vocals", "trumpet", "trombone", "saxophone", "clarinet", "flute", "harmonica"}


@pytest.fixture(scope="module")
def scores():
    """140 songs of 45 s in notes, with the part of the split each belongs to."""
    jobs = composed_jobs(find_preset("demo").with_songs(SONGS), 3, Options())
    return [(job.split, job.score()) for job in jobs]


def test_labels_are_of_the_taxonomy():
    for one in instruments().values():
        for sound in one.sounds:
            check_label(sound.label, one.kind)


def test_every_part_of_the_split_has_every_style(scores):
    for part in ("train", "valid", "test"):
        assert {score.style for split, score in scores if split == part} == set(styles())


def test_patches_of_test_songs_are_never_in_training(scores):
    used = defaultdict(lambda: {True: set(), False: set()})
    for split, score in scores:
        for part in score.parts:
            used[part.kind, part.patch.label][split == "test"].add(part.patch.program)
    kept = [(one.kind, sound) for one in instruments().values() for sound in one.sounds if sound.unseen]
    for kind, sound in kept:
        programs = used[kind, sound.label]
        assert programs[False] <= set(sound.programs)
        assert programs[True] <= set(sound.unseen)
        assert not set(sound.programs) & set(sound.unseen)
    assert used["bass", "electric bass"][True] and used["bass", "electric bass"][False]


def test_eight_to_ten_stems_and_the_common_instruments_in_most_songs(scores):
    counts = [len(score.parts) for _, score in scores]
    assert 8 <= np.mean(counts) <= 10
    assert set(counts) <= {7, 8, 9, 10}  # seven where one has no note in a short song
    for kind, least in {"drums": 0.85, "bass": 0.95, "vocals": 0.8, "electric guitar": 0.6, "piano": 0.4}.items():
        assert np.mean([any(part.kind == kind for part in score.parts) for _, score in scores]) >= least


def test_shares_of_bars_played(scores):
    """Between what the style or the kind wants and 0.15 less: breaks, and what a block of bars cannot hit."""
    shares = defaultdict(list)
    for _, score in scores:
        for part in score.parts:
            shares[part.kind].append(np.mean(part.plays))
    for kind in ("drums", "bass", "piano", "acoustic guitar", "electric guitar"):
        wanted = instruments()[kind].share
        assert wanted - 0.15 < np.mean(shares[kind]) < wanted + 0.03, kind
        assert np.std(shares[kind]) > SPREAD / 2


def test_driven_guitars_play_power_chords_and_clean_ones_do_not(scores):
    """Of chords of three notes and more, struck within 60 ms: root, fifth and octave and nothing else."""
    power = {True: [], False: []}
    for _, score in scores:
        for part in score.parts:
            if part.kind == "electric guitar":
                power[part.patch.driven] += [chord == (0, 7, 12) for chord in chords_of(part.notes)]
    assert np.mean(power[True]) > 0.5 and np.mean(power[False]) < 0.01
    assert min(len(chords) for chords in power.values()) > 500


def chords_of(notes):
    """Intervals above the lowest note of each chord."""
    struck = [[notes[0]]]
    for note in notes[1:]:
        if note.start - struck[-1][0].start < 0.06:
            struck[-1].append(note)
        else:
            struck.append([note])
    pitches = [sorted({note.pitch for note in chord}) for chord in struck]
    return [tuple(pitch - chord[0] for pitch in chord) for chord in pitches if len(chord) > 2]


def test_every_song_has_rests_of_five_seconds(scores):
    for _, score in scores:
        rests = [bars * score.form.bar_seconds for part in score.parts for bars in runs_of_rest(part.plays)]
        assert sum(rest >= 5 for rest in rests) >= 2
        assert sum(rest >= 3.5 for rest in rests) >= 4


def test_parts_rest_together_but_never_all(scores):
    together = []
    for _, score in scores:
        playing = np.array([part.plays for part in score.parts]).sum(axis=0)
        together.append(np.mean(playing <= len(score.parts) - 2))
        breaks = np.array([score.form.section_of(bar).name == "break" for bar in range(score.form.bars)])
        assert (playing >= 1).all()
        assert np.mean(playing[~breaks] >= 2) > 0.98  # a part without notes had been counted
    assert np.mean(together) > 0.2


def test_in_a_break_few_play(scores):
    sizes = [
        sum(part.plays[section.first_bar] for part in score.parts)
        for _, score in scores
        for section in score.form.sections
        if section.name == "break"
    ]
    assert len(sizes) > 20
    assert np.mean(sizes) < 3.5


def test_no_note_sounds_in_a_rest(scores):
    """A note may come 40 ms early, which is the most that a hand wavers."""
    for _, score in scores:
        form = score.form
        for part in score.parts:
            for note in part.notes:
                first = int((note.start + 0.043 - form.time(0)) / form.bar_seconds)
                assert part.plays[min(first, form.bars - 1)], (part.kind, note)
                last = int((note.end - 0.15 - form.time(0)) / form.bar_seconds)
                assert part.plays[min(max(last, first), form.bars - 1)], (part.kind, note)


def test_melodies_have_one_note_at_a_time_in_their_range(scores):
    for _, score in scores:
        for part in score.parts:
            if part.kind == "vocals":
                low, high = instruments()[part.kind].range_of(part.patch.label)
                assert all(low - 2 <= note.pitch <= high + 2 for note in part.notes)
                ends = [note.end for note in part.notes]
                assert all(note.start >= end for note, end in zip(part.notes[1:], ends, strict=False))


def test_singers_have_words_and_choruses_repeat_them(scores):
    repeated = 0
    for _, score in scores:
        for part in score.parts:
            if part.kind != "vocals":
                continue
            assert all(note.syllable for note in part.notes)
            choruses = [
                words_of(part, score.form, section)
                for section in score.form.sections
                if section.name == "chorus" and all(part.plays[section.first_bar : section.first_bar + section.bars])
            ]
            for one, other in pairwise(choruses):
                least = min(len(one), len(other))
                assert one[: least - 2] == other[: least - 2]
                repeated += 1
    assert repeated > 20


def test_groups_sing_the_words_of_the_lead(scores):
    shared = 0
    for _, score in scores:
        lead = {note.start: note.syllable for part in score.parts if part.kind == "vocals" for note in part.notes}
        for part in score.parts:
            if part.kind == "vocalists":
                sung = [note for note in part.notes if note.syllable]
                assert all(lead[note.start] == note.syllable for note in sung)
                shared += len(sung)
    assert shared > 200


def test_notes_controls_and_bends_are_valid_midi(scores):
    for _, score in scores:
        for part in score.parts:
            for note in part.notes:
                assert 0 <= note.start < note.end < score.seconds
                assert 21 <= note.pitch <= 108
                assert 1 <= note.velocity <= 127
            assert all(0 <= control.value <= 127 and control.time >= 0 for control in part.controls)
            assert all(-8192 <= bend.value <= 8191 for bend in part.bends)
            # Whoever bends ends in tune, and whoever presses the pedal lets it go.
            assert not part.bends or part.bends[-1].value == 0
            pedal = [control.value for control in part.controls if control.number == 64]
            assert not pedal or pedal[-1] == 0


def test_hands_waver_as_the_style_says(scores):
    """Onsets of straight basses leave the grid of sixteenths by some milliseconds, machines' by hardly any."""
    off = defaultdict(list)
    for _, score in scores:
        for part in score.parts:
            if part.kind == "bass" and score.form.swing.share < 0.505:
                grid = 60 / score.form.tempo / 4
                away = [(note.start - score.form.time(0) + grid / 2) % grid - grid / 2 for note in part.notes]
                off[score.style].append(np.std(away))
    assert np.mean(off["ballad"]) == pytest.approx(styles()["ballad"].tight, rel=0.25)
    assert np.mean(off["electronic"]) == pytest.approx(styles()["electronic"].tight, rel=0.25)


def test_drummers_fill_at_the_end_of_sections(scores):
    toms = {41, 43, 45, 47, 48, 50}
    at_ends = elsewhere = 0
    for _, score in scores:
        form = score.form
        ends = {section.first_bar + section.bars - 1 for section in form.sections}
        for part in score.parts:
            for note in part.notes if part.kind == "drums" else ():
                if note.pitch in toms:
                    bar = int((note.start - form.time(0) + 0.03) / form.bar_seconds)
                    at_ends, elsewhere = at_ends + (bar in ends), elsewhere + (bar not in ends)
    assert at_ends > 2 * elsewhere > 0


def words_of(part, form, section) -> list[str]:
    start, end = form.time(section.first_bar), form.time(section.first_bar + section.bars)
    return [note.syllable for note in part.notes if start - 0.05 <= note.start < end - 0.05]


def runs_of_rest(plays) -> list[int]:
    runs, length = [], 0
    for play in [*plays, True]:
        if play and length:
            runs.append(length)
        length = 0 if play else length + 1
    return runs
