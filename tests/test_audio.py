import numpy as np
import pytest
import soundfile

from stemwise import audio
from stemwise.errors import AudioError
from stemwise.files import beside, fingerprint, write_json

RATE = 44100


def tone(seconds: float = 1.0, rate: int = RATE, hertz: float = 440.0) -> np.ndarray:
    time = np.arange(round(seconds * rate)) / rate
    return (0.5 * np.sin(2 * np.pi * hertz * time)).astype(np.float32)[None]


@pytest.mark.parametrize(("suffix", "tolerance"), [(".wav", 0), (".flac", 1 / 2**22), (".ogg", 0.05), (".mp3", 0.05)])
def test_what_is_written_is_read_back(tmp_path, suffix, tolerance):
    path, stereo = tmp_path / f"a{suffix}", np.concatenate([tone(), 0.5 * tone()])
    audio.write(path, stereo, RATE)
    found, rate = audio.read(path)
    assert rate == RATE and found.shape[0] == 2
    length = min(found.shape[1], RATE)
    assert np.abs(found[:, :length] - stereo[:, :length])[:, 2000:-2000].max() <= tolerance
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3"])
def test_ranges_are_exact(tmp_path, suffix):
    """Also in an mp3 of variable bit rate, in which libsndfile seeks to the wrong place."""
    path = tmp_path / f"a{suffix}"
    audio.write(path, tone(3.0) * np.linspace(0, 1, 3 * RATE, dtype=np.float32), RATE)
    whole, _ = audio.read(path)
    for start, stop in ((0, 10), (1000, 1500), (8192, 30_000), (100_001, 132_300)):
        np.testing.assert_array_equal(audio.read(path, start, stop)[0], whole[:, start:stop])


def _without_header(path, loud_first: bool):
    """A variable-rate mp3 without its first frame, which holds the length: libsndfile guesses by the first bit rate."""
    noise, rest = 0.4 * np.random.default_rng(0).standard_normal(20 * RATE), np.zeros(20 * RATE)
    soundfile.write(path, np.concatenate([noise, rest] if loud_first else [rest, noise]), RATE, bitrate_mode="VARIABLE")
    data = path.read_bytes()
    path.write_bytes(data[data.index(data[:2], 4) :])
    return path


@pytest.mark.parametrize("suffix", [".wav", ".mp3"])
def test_blocks_are_the_whole_in_pieces(tmp_path, suffix):
    audio.write(tmp_path / f"a{suffix}", np.concatenate([tone(), 0.5 * tone()]), RATE)
    pieces = list(audio.blocks(tmp_path / f"a{suffix}", 1000))
    assert len(pieces) > 40 and max(piece.shape[1] for piece in pieces) == 1000
    np.testing.assert_array_equal(np.concatenate(pieces, axis=1), audio.read(tmp_path / f"a{suffix}")[0])


def test_an_mp3_that_overstates_its_length_is_measured_by_decoding(tmp_path):
    path = _without_header(tmp_path / "a.mp3", loud_first=False)
    claimed = soundfile.info(path).frames
    assert claimed > 41 * RATE  # else this test shows nothing
    assert 39 * RATE < audio.info(path).samples < 41 * RATE
    assert audio.read(path)[0].shape == (1, audio.info(path).samples)


def test_an_mp3_that_understates_its_length_is_refused(tmp_path):
    path = _without_header(tmp_path / "a.mp3", loud_first=True)
    assert soundfile.info(path).frames < 39 * RATE
    with pytest.raises(AudioError, match="understates its length"):
        audio.info(path)


@pytest.mark.parametrize("to", [16000, 22050, 48000, 44100])
def test_resampling_keeps_a_tone_and_drops_what_does_not_fit(to):
    length = -(-RATE * to // RATE)
    found = audio.resample(tone(hertz=1000), RATE, to)
    assert found.shape == (1, length)
    middle = slice(2000, length - 2000)
    np.testing.assert_allclose(found[:, middle], tone(rate=to, hertz=1000)[:, middle], atol=1e-3)
    if to < RATE:
        gone = audio.resample(tone(hertz=0.6 * to), RATE, to)[:, middle]
        assert 20 * np.log10(np.abs(gone).max() / 0.5) < -60


@pytest.mark.parametrize(("rate", "to"), [(44100, 16000), (192000, 16000), (8000, 44100), (44100, 44100)])
@pytest.mark.parametrize("samples", [0, 1, 2, 5, 40])
def test_blocks_of_hardly_any_samples_are_resampled_to_as_many_as_the_whole(rate, to, samples):
    whole = np.ones((2, samples), np.float32)
    found = np.concatenate(list(audio.resampled_blocks(iter([whole, whole[:, :0]]), rate, to, 2)), axis=1)
    assert (found.shape[1] > 0) == (samples > 0) and abs(found.shape[1] - samples * to / rate) <= 1


def test_channels():
    stereo = np.stack([np.ones(4), np.zeros(4)]).astype(np.float32)
    np.testing.assert_array_equal(audio.as_channels(stereo, 1), np.full((1, 4), 0.5))
    np.testing.assert_array_equal(audio.as_channels(stereo[:1], 2), np.ones((2, 4)))
    with pytest.raises(AudioError, match="6 channels cannot become 2"):
        audio.as_channels(np.zeros((6, 4), np.float32), 2)


def test_clipping_is_said(tmp_path):
    with pytest.warns(UserWarning, match="peak 1.50 was clipped"):
        audio.write(tmp_path / "a.flac", 3 * tone(), RATE)
    audio.write(tmp_path / "a.wav", 3 * tone(), RATE)
    assert audio.read(tmp_path / "a.wav")[0].max() == pytest.approx(1.5, abs=1e-3)


def test_bad_files_raise(tmp_path):
    with pytest.raises(AudioError, match="no such file"):
        audio.info(tmp_path / "gone.wav")
    (tmp_path / "text.wav").write_text("hello")
    with pytest.raises(AudioError, match="cannot be read as audio"):
        audio.read(tmp_path / "text.wav")
    audio.write(tmp_path / "a.wav", tone(), RATE)
    with pytest.raises(AudioError, match="ends after 44100 samples where 50000"):
        audio.read(tmp_path / "a.wav", 0, 50_000)
    with pytest.raises(AudioError, match=r"cannot write '.xyz'"):
        audio.write(tmp_path / "a.xyz", tone(), RATE)
    for value, said in ((np.inf, "NaN or infinity"), (np.nan, "NaN or infinity"), (-1e25, r"beyond ±1e\+06")):
        bad = tone()
        bad[0, 7] = value
        with pytest.raises(AudioError, match=f"{said}, first at sample 7"):
            audio.write(tmp_path / "b.wav", bad, RATE)
    assert not (tmp_path / "b.wav").exists()


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_nothing_half_written_is_left(tmp_path, error):
    target = tmp_path / "deep" / "file.txt"
    write_json(target, {"a": 1})

    def fail():
        with beside(target) as part:
            part.write_text("half")
            raise error

    with pytest.raises(error):
        fail()
    assert target.read_text() == '{\n  "a": 1\n}\n' and [p.name for p in target.parent.iterdir()] == ["file.txt"]


def test_a_folder_is_replaced_as_a_whole(tmp_path):
    for content in ("one", "two"):
        with beside(tmp_path / "folder") as part:
            part.mkdir()
            (part / content).write_text(content)
    assert [p.name for p in (tmp_path / "folder").iterdir()] == ["two"]


def test_json_has_no_nan(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"a": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_a_fingerprint_follows_files_and_settings(tmp_path):
    file = tmp_path / "a"
    file.write_text("1")
    first = fingerprint([file], 1)
    assert fingerprint([file], 1) == first != fingerprint([file], 2)
    file.write_text("22")
    assert fingerprint([file], 1) != first


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg"])
def test_a_file_that_lost_its_end_unnoticed_is_refused(tmp_path, suffix):
    """As when the disk fills up while the file is closed: libsndfile says nothing then."""
    path = tmp_path / f"a{suffix}"
    sound = 0.1 * np.random.default_rng(0).standard_normal((50000, 2))
    with audio.writing(path, 50000):
        soundfile.write(path, sound, 44100)
    with pytest.raises(AudioError, match="disk full"), audio.writing(path, 50000):
        soundfile.write(path, sound, 44100)
        path.write_bytes(path.read_bytes()[:-3000])


def _cut(path, share: float) -> int:
    """Cut a file of 8 s; how many samples libsndfile says it has."""
    noise = 0.1 * np.random.default_rng(0).standard_normal((1, 8 * RATE)).astype(np.float32)
    audio.write(path, noise, RATE)
    data = path.read_bytes()
    path.write_bytes(data[: round(len(data) * share)])
    return soundfile.info(path).frames


@pytest.mark.parametrize("suffix", [".mp3", ".ogg"])
def test_a_compressed_file_that_lost_its_end_is_refused(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    assert _cut(path, 1.0) >= 8 * RATE and audio.info(path).samples >= 8 * RATE
    _cut(path, 0.6)
    for read in (audio.info, audio.read):
        with pytest.raises(AudioError, match=r"a\.\w+: .*is truncated"):
            read(path)


def test_an_mp3_whose_tag_holds_a_picture_is_measured_all_the_same(tmp_path):
    path = tmp_path / "a.mp3"
    _cut(path, 0.6)
    size = 200_000
    tag = b"ID3\x04\x00\x00" + bytes(size >> 7 * place & 0x7F for place in (3, 2, 1, 0)) + bytes(size)
    path.write_bytes(tag + path.read_bytes())
    with pytest.raises(AudioError, match="The file is truncated"):
        audio.info(path)


def test_a_damaged_mp3_is_named(tmp_path):
    path = tmp_path / "a.mp3"
    _cut(path, 1.0)
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 3000] = bytes(3000)
    path.write_bytes(data)
    with pytest.raises(AudioError, match=r"a.mp3: cannot be decoded"):
        audio.info(path)


def test_a_flac_of_a_pipe_is_measured_by_decoding(tmp_path):
    """Its header has no length, which libsndfile says is 2⁶³ - 1."""
    path = tmp_path / "a.flac"
    audio.write(path, tone(3.0), RATE)
    whole = audio.read(path)[0]
    data = bytearray(path.read_bytes())
    data[21:26] = bytes([data[21] & 0xF0, 0, 0, 0, 0])
    path.write_bytes(data)
    assert soundfile.info(path).frames > 1 << 62
    assert audio.info(path) == audio.AudioInfo(RATE, 3 * RATE, 1)
    np.testing.assert_array_equal(audio.read(path)[0], whole)
    np.testing.assert_array_equal(audio.read(path, 50_000, 60_000)[0], whole[:, 50_000:60_000])
    assert sum(len(block) for block, _ in audio.raw_blocks(path, 1000)) == 3 * RATE


def test_the_end_of_an_ogg_is_where_it_is(tmp_path):
    """libsndfile seeks to some forty samples beside it."""
    path = tmp_path / "a.ogg"
    _cut(path, 1.0)
    whole = audio.read(path)[0]
    for start in range(whole.shape[1] - 12_000, whole.shape[1], 1500):
        np.testing.assert_array_equal(audio.read(path, start)[0], whole[:, start:])


def test_a_long_ogg_is_written(tmp_path):
    """libsndfile's vorbis dies of a minute at once."""
    audio.write(tmp_path / "a.ogg", np.zeros((2, 90 * RATE), np.float32), RATE)
    assert audio.info(tmp_path / "a.ogg").samples == 90 * RATE
