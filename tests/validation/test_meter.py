"""What is measured in files, against closed forms and plain loops."""

from itertools import groupby

import numpy as np
import pytest
import soundfile

from stemwise.validation import meter
from stemwise.validation.meter import Difference, FileMeter

RATE = 44100


def measured(path):
    found = FileMeter(path)
    while found.next() is not None:
        pass
    return found.facts()


def written(path, audio, subtype="PCM_16", rate=RATE):
    soundfile.write(path, audio, rate, subtype=subtype)
    return path


def sine(seconds=2.0, level=0.5, frequency=100.0):
    wave = level * np.sin(2 * np.pi * frequency * np.arange(round(seconds * RATE)) / RATE)
    return np.stack([wave, 0.5 * wave], axis=1)


def test_levels_of_a_sine(tmp_path):
    facts = measured(written(tmp_path / "a.wav", sine(), "FLOAT"))
    assert (facts.rate, facts.samples, facts.channels) == (RATE, 2 * RATE, 2)
    assert facts.peak == pytest.approx(0.5, rel=1e-4)
    assert facts.rms == pytest.approx(0.5 * np.sqrt((1 + 0.25) / 4), rel=1e-5)  # two channels, one at half the level
    assert abs(facts.offset) < 1e-6
    assert (facts.clipped, facts.longest, facts.unsound, facts.fault) == (0, 0, 0, "")


@pytest.mark.parametrize(("steady", "suffix", "subtype"), [(0.01, "wav", "PCM_16"), (-0.003, "flac", "PCM_24")])
def test_the_offset_is_that_of_the_worst_channel(tmp_path, steady, suffix, subtype):
    audio = sine() + np.array([0.0005, steady])
    assert measured(written(tmp_path / f"a.{suffix}", audio, subtype)).offset == pytest.approx(steady, rel=1e-2)


@pytest.mark.parametrize(("suffix", "subtype"), [("wav", "PCM_16"), ("wav", "PCM_24"), ("flac", "PCM_16"),
                                                 ("flac", "PCM_24"), ("wav", "FLOAT"), ("wav", "PCM_32")])  # fmt: skip
def test_runs_at_full_scale_are_counted(tmp_path, suffix, subtype):
    audio = sine(4.0)
    for start, length, channel, value in ((10, 2, 0, 1), (100, 3, 0, 1), (100, 3, 1, -1), (meter.SIZE - 5, 100, 0, 1),
                                          (meter.SIZE - 1, 3, 1, 1), (len(audio) - 4, 4, 1, -1)):  # fmt: skip
        audio[start : start + length, channel] = value
    facts = measured(written(tmp_path / f"a.{suffix}", audio, subtype))
    assert (facts.clipped, facts.longest) == (5, 100)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
def test_blocks_of_any_size_give_the_runs_of_the_whole(tmp_path, monkeypatch, size):
    rng = np.random.default_rng(size)
    audio = rng.choice([0.0, 0.9, 1.0, -1.0], (2000, 2), p=[0.1, 0.1, 0.6, 0.2])
    runs = [len(list(run)) for column in np.round(audio.T, 6) for value, run in groupby(column) if abs(value) == 1]
    assert sum(run >= 3 for run in runs) > 100
    monkeypatch.setattr(meter, "SIZE", size)
    facts = measured(written(tmp_path / "a.wav", audio))
    assert (facts.clipped, facts.longest) == (sum(run >= 3 for run in runs), max(runs))


def test_floats_may_be_louder_than_full_scale_but_not_stand_still_there(tmp_path):
    loud = sine(level=1.7)
    assert measured(written(tmp_path / "loud.wav", loud, "FLOAT")).clipped == 0
    facts = measured(written(tmp_path / "limited.wav", np.clip(loud, -1.2, 1.2), "FLOAT"))
    assert facts.clipped == 2 * 2 * 100 and facts.peak == pytest.approx(1.2)  # one channel, both ends of 200 periods


def test_what_is_no_number_is_counted_and_spoils_nothing_else(tmp_path):
    audio = sine()
    clean = measured(written(tmp_path / "clean.wav", audio, "FLOAT"))
    audio[5, 0], audio[6, 1], audio[7:10, 1], audio[11, 0] = np.nan, np.inf, -np.inf, 1e25
    facts = measured(written(tmp_path / "a.wav", audio, "FLOAT"))
    assert facts.unsound == 6 and not facts.sound
    assert facts.rms == pytest.approx(clean.rms, rel=1e-3) and facts.peak == clean.peak


def test_equal_samples_have_one_digest_whatever_the_format(tmp_path):
    audio = np.round(sine() * 32768).astype(np.int16)
    audio[3, 0] = 0
    same = [measured(written(tmp_path / name, audio, subtype)).digest
            for name, subtype in (("a.wav", "PCM_16"), ("b.flac", "PCM_16"))]  # fmt: skip
    floats = audio / np.float32(32768)
    floats[3, 0] = -0.0
    same += [measured(written(tmp_path / name, floats, subtype)).digest
             for name, subtype in (("c.wav", "FLOAT"), ("d.flac", "PCM_24"))]  # fmt: skip
    assert len(set(same)) == 1
    audio[-1, 1] += 1
    assert measured(written(tmp_path / "e.wav", audio)).digest != same[0]


def test_mp3_is_read_to_its_end(tmp_path):
    path = tmp_path / "a.mp3"
    soundfile.write(path, sine(5.0), RATE)
    whole = soundfile.read(path, dtype="float32")[0]
    facts = measured(path)
    assert (facts.samples, facts.fault) == (len(whole), "")
    assert facts.rms == pytest.approx(np.sqrt(np.mean(whole.astype(float) ** 2)), rel=1e-5)


def test_a_file_that_cannot_be_read_says_why(tmp_path):
    assert "no such file" in measured(tmp_path / "gone.wav").fault
    path = written(tmp_path / "a.flac", sine(20.0))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    facts = measured(path)
    assert ("ends after" in facts.fault or "cannot be decoded" in facts.fault) and not facts.sound


def apart(mix, stems, size=1000):
    found = Difference(mix.shape[1])
    for start in range(0, len(mix), size):
        found.add(mix[start : start + size], [stem[start : start + size] for stem in stems])
    return found.result()


def noise(seed, samples=50_000):
    return np.random.default_rng(seed).standard_normal((samples, 2)).astype(np.float32)


def test_noise_at_minus_30_db_of_the_mix_is_found_there():
    stems = [0.1 * noise(1), 0.2 * noise(2)]
    total, hiss = sum(stems), noise(3)
    # |n|² = r |s + n|² with r = 0.001; s and n are independent, so |n|² = r / (1 - r) |s|²
    hiss *= np.sqrt(0.001 / 0.999 * np.mean(total**2) / np.mean(hiss**2))
    found = apart(total + hiss, stems)
    assert found.decibels == pytest.approx(-30, abs=0.1)
    assert found.gain == pytest.approx(1, abs=1e-2)
    assert found.decibels_at_gain == pytest.approx(-30, abs=0.1)


@pytest.mark.parametrize("gain", [2.0, 0.5, 1.0, -1.0])
def test_a_mix_at_another_gain_is_nothing_else(gain):
    stems = [0.1 * noise(1), 0.2 * noise(2)]
    found = apart((gain * sum(stems)).astype(np.float32), stems)
    expected = 20 * np.log10(abs(gain - 1) / abs(gain)) if gain != 1 else -200
    assert found.decibels == pytest.approx(expected, abs=0.01)
    assert found.gain == pytest.approx(gain, rel=1e-5) and found.decibels_at_gain < -90


def test_the_best_gain_is_that_of_least_squares():
    stems = [0.1 * noise(1), 0.2 * noise(2)]
    mix = 0.6 * sum(stems) + 0.15 * noise(4) + 0.05 * stems[0]
    total = sum(stems).astype(float).reshape(-1, 1)
    gain, left = np.linalg.lstsq(total, mix.astype(float).ravel(), rcond=None)[:2]
    found = apart(mix, stems)
    assert found.gain == pytest.approx(float(gain[0]), rel=1e-5)
    assert found.decibels_at_gain == pytest.approx(10 * np.log10(left[0] / np.sum(mix.astype(float) ** 2)), abs=1e-3)


def test_mono_stems_are_in_both_channels_and_short_ones_silent_behind_their_end():
    mono, short = 0.1 * noise(1)[:, :1], 0.1 * noise(2)[:2500]
    mix = np.repeat(mono, 2, axis=1)
    mix[:2500] += short
    assert apart(mix, [mono, short]).decibels < -120
    assert apart(np.zeros_like(mix), [mono]) is None
