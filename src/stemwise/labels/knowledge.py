"""From stems to targets: how active each is, and of which targets the audio, or only the activity, is known."""

import numpy as np
from numpy.typing import NDArray

from stemwise.activity import LABELS, Rule, frame_times
from stemwise.song import Annotation, Song
from stemwise.taxonomy import NOBODY_KNOWS, Targets

ROUNDED = 1e-4  # seconds by which the times of a .lab may be off its frames: they have four decimals


def target_confidence(
    song: Song, confidence: NDArray[np.float64], targets: Targets, rule: Rule = LABELS
) -> NDArray[np.float64]:
    """Confidence (stem, frame) by `rule` → (target, frame): a target is as active as its most active stem; 0 without
    one. An annotated target is also active, with 1, where its annotations say so; stems that hold more than it do not
    count then."""
    out = np.zeros((len(targets.names), confidence.shape[1]))
    annotated = _annotated(song, targets)
    told = annotated.keys() | _absent(song, targets)
    for row, stem in zip(confidence, song.stems, strict=True):
        held = targets.of_labels(stem.instruments)
        for index in held:
            if index is not None and (len(held) == 1 or index not in told):
                out[index] = np.maximum(out[index], row)
    times = frame_times(confidence.shape[1], rule.hop)
    for index, annotations in annotated.items():
        for start, end in (segment for annotation in annotations for segment in annotation.segments):
            out[index, (times >= start - ROUNDED) & (times <= end + ROUNDED)] = 1.0
    return out


def unknown_targets(song: Song, targets: Targets) -> NDArray[np.bool_]:
    """(target,) True where the audio cannot be known: where a file of the song may hold the target and something else,
    where the target has no file and may be in another (in a song with a stem that nobody labelled, whose stems are not
    complete or leak into each other), and where an annotation says that the target is there without a stem.

    Without annotations that is where the activity cannot be known either.
    """
    unknown = _unknown_by_stems(song, targets)
    for annotation in song.annotations:
        if not _finds_none(annotation):
            unknown[[index for index in targets.of_labels(annotation.instruments) if index is not None]] = True
    return unknown


def unknown_activity(song: Song, targets: Targets) -> NDArray[np.bool_]:
    """(target,) True where nobody can know when the target plays: as `unknown_targets`, but for what is annotated.

    An annotation of the target alone stands for a stem that is not there, and for what of the target is in files that
    hold more, if it names all of its labels that they have. One that may be of several targets leaves all of them open.
    A weak one that finds none of its instruments tells only of targets whose every label such annotations name.
    """
    unknown = _unknown_by_stems(song, targets)
    for index, annotations in _annotated(song, targets).items():
        named = {label for annotation in annotations for label in annotation.instruments}
        unknown[index] = not _mixed_labels(song, targets, index) <= named
    for annotation in song.annotations:
        held = targets.of_labels(annotation.instruments)
        if len(held) > 1 and not _finds_none(annotation):
            unknown[[index for index in held if index is not None]] = True
    unknown[sorted(_absent(song, targets))] = False
    return unknown


def weak_targets(song: Song, targets: Targets) -> NDArray[np.bool_]:
    """(target,) True where it is known that the target plays, but not when: where no more than weak annotations of it
    tell. `target_confidence` is 1 all through their segments then."""
    weak = np.zeros(len(targets.names), dtype=bool)
    for index, annotations in _annotated(song, targets).items():
        weak[index] = all(annotation.weak for annotation in annotations)
    return weak & ~unknown_activity(song, targets)


def whole_song_targets(song: Song, targets: Targets) -> NDArray[np.bool_]:
    """(target,) True where no more is known than whether the target plays in the song: `weak_targets`, and those that
    weak annotations do not find and no stem tells of, which rest all through."""
    told = weak_targets(song, targets)
    silent = sorted(_absent(song, targets) - _annotated(song, targets).keys())
    told[silent] = _unknown_by_stems(song, targets)[silent]
    return told


def _unknown_by_stems(song: Song, targets: Targets) -> NDArray[np.bool_]:
    unknown = np.zeros(len(targets.names), dtype=bool)
    lacking = set(range(len(targets.names)))
    for stem in song.stems:
        held = targets.of_labels(stem.instruments)
        lacking -= held
        if len(held) > 1 or NOBODY_KNOWS in stem.instruments:  # which is in a target that takes every label left
            unknown[[index for index in held if index is not None]] = True
    unlabelled = any(NOBODY_KNOWS in stem.instruments for stem in song.stems)
    if unlabelled or song.bleed or not song.complete:
        unknown[list(lacking)] = True
    return unknown


def _finds_none(annotation: Annotation) -> bool:
    return annotation.weak and not annotation.segments


def _annotated(song: Song, targets: Targets) -> dict[int, list[Annotation]]:
    """Target → the annotations that are of nothing else; but for weak ones that find none of their instruments."""
    found: dict[int, list[Annotation]] = {}
    for annotation in song.annotations:
        held = targets.of_labels(annotation.instruments)
        only = next(iter(held)) if len(held) == 1 else None
        if only is not None and not _finds_none(annotation):
            found.setdefault(only, []).append(annotation)
    return found


def _absent(song: Song, targets: Targets) -> set[int]:
    """Targets of which every label is named by weak annotations that find none of theirs."""
    named = {label for annotation in song.annotations if _finds_none(annotation) for label in annotation.instruments}
    return {index for index, labels in enumerate(targets.labels) if labels <= named}


def _mixed_labels(song: Song, targets: Targets, index: int) -> set[str]:
    """Labels of a target that files have which hold more than it. A main pair has one that no annotation names."""
    labels: set[str] = set()
    for stem in song.stems:
        if len(targets.of_labels(stem.instruments)) > 1 or NOBODY_KNOWS in stem.instruments:
            labels |= {label for label in stem.instruments if index in targets.of_labels([label])}
    return labels
