"""Networks that hear which instruments play, in every window of a log mel spectrogram."""
