"""Singers: a lead that sings lines of words, and a group that sings along or holds vowels."""

from stemwise.synthesis.parts.melody import draw_motif, melody_bar, single_line
from stemwise.synthesis.parts.player import Player, close_voicing, nearest
from stemwise.synthesis.score import Note
from stemwise.synthesis.voice import draw_line

BUSY = 0.75


def play_voice(player: Player) -> None:
    """Two bars of melody are a line of words; every chorus has the same lines, every verse its own."""
    low, high = player.chair.range
    motifs = player.by_section(lambda: draw_motif(player.rng, BUSY, high - low, player.form.beats))
    lines: dict[tuple[object, int, int], list[str]] = {}
    for bar in player.playing():
        section = player.form.section_of(bar)
        place, second = divmod(bar - section.first_bar, 2)
        motif = motifs(bar)
        song = "chorus" if section.name == "chorus" else section.first_bar
        words = lines.setdefault((song, place, len(motif.onsets)), draw_line(len(motif.onsets), player.rng))
        sung = melody_bar(player, motif, bar, low, high)
        first = len(motif.onsets) - len(sung) if second else 0
        for (beat, length, pitch), syllable in zip(sung, words[first:], strict=False):
            player.play(bar, beat, length, pitch, 96, syllable=syllable)
    player.notes[:] = single_line(player.notes)


def play_harmony(player: Player, lead: list[Note]) -> None:
    """Where the lead sings in the player's bars, the same words a third above and a third or fourth below; elsewhere
    held chords on a vowel."""
    beats = player.form.beats
    low, high = player.chair.range
    for bar in player.playing():
        start, stop = player.form.time(bar), player.form.time(bar + 1)
        sung = [note for note in lead if start - 0.03 <= note.start < stop - 0.03]
        if not sung:
            for pitch in close_voicing(player.form.chord(bar).tones[:3], low + 3):
                player.play(bar, 0, 0.97 * beats, pitch, 80)
        for note in sung:
            end = min(note.end, stop - 0.05) if player.last_before_rest(bar) else note.end
            for step in (4, -4):
                pitch = nearest(note.pitch + step, player.form.scale)
                while not low <= pitch <= high:
                    pitch += 12 if pitch < low else -12
                player.notes.append(Note(note.start, max(end, note.start + 0.05), pitch, 84, note.syllable))
