import pytest

from .made_up import put, tone


@pytest.fixture
def sessions(tmp_path, monkeypatch):
    """Two sessions: one of everything, one of a single file."""
    monkeypatch.setenv("STEMWISE_HOME", str(tmp_path / "home"))
    folder = tmp_path / "sessions"
    one = folder / "The Band - First Song"
    put(one / "01_Kick.wav", tone(3, 60))
    put(one / "02_Snare.wav", tone(3, 200, gain=0.05))
    put(one / "03_Overheads_L.wav", tone(3, 5000))
    put(one / "04_Overheads_R.wav", tone(3, 7000))
    put(one / "05_BassDI.flac", tone(2.5, 80, 48000), 48000, subtype="PCM_24")
    put(one / "Audio" / "06_AcGtr.ogg", tone(3, 330, 22050, channels=2), 22050)
    put(one / "07_Vox.mp3", tone(3, 440))
    put(one / "Mix.wav", tone(3, 999))
    put(one / "Click.wav", tone(3, 999))
    put(folder / "Solo_Piece" / "piano.wav", tone(1, 262, channels=2))
    return folder
