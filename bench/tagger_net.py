"""musicnn, a tagger that comes with its weights, in PyTorch: Pons and Serra, "musicnn: pre-trained convolutional neural
networks for music audio tagging" (ISMIR late-breaking demo, 2019); package musicnn 0.1.0, ISC licence.

The package runs on TensorFlow 1. Here its checkpoint is read without TensorFlow (`read_checkpoint`), and the layers are
those whose shapes and order it has. `check_tagger.py` holds both against TensorFlow.
"""

import importlib.util
import struct
from collections.abc import Iterator
from pathlib import Path

import librosa
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

RATE, N_FFT, HOP, MELS = 16000, 512, 256, 96
FRAMES = 187  # of a patch: 3 s
EPSILON = 1e-3  # of TensorFlow's batch normalisation
NETS = ("MTT_musicnn", "MSD_musicnn")  # learned from MagnaTagATune, from the Million Song Dataset
Fields = Iterator[tuple[int, int | bytes]]


def folder_of_package() -> Path | None:
    """Where musicnn is installed; None where it is not."""
    found = importlib.util.find_spec("musicnn")
    return Path(found.origin).parent if found and found.origin else None


class Tagger:
    """One of NETS."""

    def __init__(self, package: Path, name: str) -> None:
        from musicnn import configuration  # noqa: PLC0415

        self.tags = tuple(getattr(configuration, f"{name[:3]}_LABELS"))
        self.weights = {key: torch.from_numpy(value) for key, value in read_checkpoint(package / name).items()}

    def seconds(self, audio: NDArray[np.float32], batch: int = 4) -> NDArray[np.float32]:
        """Mono (sample,) at RATE → probabilities (second, tag) of the 3 s around each whole second.

        In the first and the last second of a song the 3 s are its first and last: no silence is made up.
        """
        mel = log_mel(audio)
        mel = np.pad(mel, ((0, max(FRAMES - len(mel), 0)), (0, 0)), mode="wrap")
        middles = (np.arange(max(len(audio) // RATE, 1)) + 0.5) * RATE / HOP
        starts = np.clip(np.round(middles).astype(int) - FRAMES // 2, 0, len(mel) - FRAMES)
        patches = torch.from_numpy(np.lib.stride_tricks.sliding_window_view(mel, FRAMES, axis=0)[starts].copy())
        with torch.inference_mode():
            parts = [torch.sigmoid(self.logits(part.transpose(1, 2))) for part in patches.split(batch)]
        return torch.cat(parts).numpy()

    def logits(self, patches: Tensor) -> Tensor:
        """(patch, frame, mel) → (patch, tag)."""
        image = self._norm(patches[:, None], 0)
        parts = [self._across(image, number, (3, 3)) for number in (0, 1)]
        parts += [self._across(image, number, ((length - 1) // 2, length // 2)) for number, length in self._beats()]
        front = torch.cat(parts, dim=1)
        first = self._along(front, 5)
        second = first + self._along(first, 6)
        third = second + self._along(second, 7)
        features = torch.cat([front, first, second, third], dim=1)
        # Channel by channel its highest value and its mean.
        pooled = torch.stack([features.amax(2), features.mean(2)], dim=2).flatten(1)
        hidden = self._norm(torch.relu(self._dense(self._norm(pooled, 9), "dense")), 10)
        return self._dense(hidden, "dense_1")

    def _beats(self) -> list[tuple[int, int]]:
        """Number and length in frames of the layers that look along time in one band."""
        return [(number, self.weights[f"conv2d_{number}/kernel"].shape[0]) for number in (2, 3, 4)]

    def _across(self, image: Tensor, number: int, pad: tuple[int, int]) -> Tensor:
        """(patch, 1, frame, mel) → (patch, channel, frame), the highest over bands."""
        kernel, bias = self._kernel(number)
        heard = torch.relu(F.conv2d(F.pad(image, (0, 0, *pad)), kernel.permute(3, 2, 0, 1), bias))
        return self._norm(heard, number + 1).amax(3)

    def _along(self, features: Tensor, number: int) -> Tensor:
        """(patch, channel, frame) → (patch, 64, frame)."""
        kernel, bias = self._kernel(number)
        return self._norm(torch.relu(F.conv1d(features, kernel[:, :, 0].permute(2, 1, 0), bias, padding=3)), number + 1)

    def _kernel(self, number: int) -> tuple[Tensor, Tensor]:
        name = _numbered("conv2d", number)
        return self.weights[f"{name}/kernel"], self.weights[f"{name}/bias"]

    def _norm(self, values: Tensor, number: int) -> Tensor:
        name = _numbered("batch_normalization", number)
        mean, variance, scale, shift = (
            self.weights[f"{name}/{what}"] for what in ("moving_mean", "moving_variance", "gamma", "beta")
        )
        return F.batch_norm(values, mean, variance, scale, shift, eps=EPSILON)

    def _dense(self, values: Tensor, name: str) -> Tensor:
        return values @ self.weights[f"{name}/kernel"] + self.weights[f"{name}/bias"]


def log_mel(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    """(sample,) → (frame, mel), log10(1 + 10000 power), in half precision before the logarithm, as the net learned."""
    power = librosa.feature.melspectrogram(y=audio, sr=RATE, n_fft=N_FFT, hop_length=HOP, n_mels=MELS)
    return np.log10(10000 * power.T.astype(np.float16).astype(np.float32) + 1)


def read_checkpoint(folder: Path) -> dict[str, NDArray[np.float32]]:
    """The float32 variables of a TensorFlow checkpoint of one shard, without what its optimiser kept.

    `.index` is a table as LevelDB writes it, without compression: at its end a footer that says where the index of
    blocks is, in blocks names of which each repeats the beginning of the one before. Each value is a BundleEntryProto,
    whose fields used here are 2 shape, 4 offset and 5 size in `.data-00000-of-00001`.
    """
    table = (folder / ".index").read_bytes()
    data = (folder / ".data-00000-of-00001").read_bytes()
    at = len(table) - 48
    for _ in range(2):  # the place of an index that is empty
        _, at = _varint(table, at)
    found = {}
    for _, place in _block(table, *_handle(table, at)):
        for name, entry in _block(table, *_handle(place, 0)):
            if name and b"Adam" not in name and b"_power" not in name:
                found[name.decode()] = _variable(data, dict(_fields(entry)))
    return found


def _variable(data: bytes, entry: dict[int, int | bytes]) -> NDArray[np.float32]:
    shape = [dict(_fields(dim))[1] for _, dim in _fields(entry[2])]
    offset = entry.get(4, 0)
    return np.frombuffer(data[offset : offset + entry[5]], "<f4").reshape(shape).copy()


def _block(table: bytes, start: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    block = table[start : start + size]
    (restarts,) = struct.unpack("<I", block[-4:])
    at, name = 0, b""
    while at < size - 4 - 4 * restarts:
        shared, at = _varint(block, at)
        own, at = _varint(block, at)
        length, at = _varint(block, at)
        name = name[:shared] + block[at : at + own]
        at += own + length
        yield name, block[at - length : at]


def _handle(raw: bytes, at: int) -> tuple[int, int]:
    start, at = _varint(raw, at)
    return start, _varint(raw, at)[0]


def _fields(message: bytes) -> Fields:
    """Number and value of each field of a protocol buffer: integers, bytes, and those of four bytes."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        if key & 7 == 0:
            value, at = _varint(message, at)
            yield key >> 3, value
            continue
        length, at = _varint(message, at) if key & 7 == 2 else (4, at)
        yield key >> 3, message[at : at + length]
        at += length


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = raw[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def _numbered(name: str, number: int) -> str:
    return f"{name}_{number}" if number else name
