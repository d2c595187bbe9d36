"""A program of its own: speaks words through espeak-ng and writes the samples to stdout.

    python speaker.py LIBRARY DATA < {"voice": ..., "speed": ..., "texts": [...]}

For each text: its number of samples as 4 bytes, then 16-bit samples, little-endian, at 22.05 kHz. What the library says
depends on what it said before, so that only a process that starts afresh says the same again; and nothing of it, which
is GPL-3, is ever loaded beside Stemwise.
"""

import ctypes
import json
import sys

SYNCHRONOUS = 2
DONT_EXIT = 0x8000
UTF8, PHONEMES = 0x1, 0x100
SPEED, PITCH, PITCH_RANGE = 1, 3, 4


def main(library: str, data: str) -> None:
    job = json.load(sys.stdin)
    espeak = ctypes.CDLL(library)
    if espeak.espeak_Initialize(SYNCHRONOUS, 0, data.encode(), DONT_EXIT) < 0:
        sys.exit(f"espeak-ng does not start with its data in {data}")
    chunks: list[bytes] = []

    def take(samples: int | None, count: int, _: int | None) -> int:
        if samples and count > 0:
            chunks.append(ctypes.string_at(samples, 2 * count))
        return 0

    kept = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)(take)
    espeak.espeak_SetSynthCallback(kept)
    if espeak.espeak_SetVoiceByName(job["voice"].encode()) != 0:
        sys.exit(f"espeak-ng has no voice '{job['voice']}'")
    for parameter, value in ((SPEED, job["speed"]), (PITCH, 50), (PITCH_RANGE, 0)):
        espeak.espeak_SetParameter(parameter, value, 0)
    if hasattr(espeak, "espeak_ng_SetRandSeed"):
        espeak.espeak_ng_SetRandSeed(ctypes.c_long(1))  # otherwise the time of day
    for text in job["texts"]:
        chunks.clear()
        content = text.encode()
        espeak.espeak_Synth(content, len(content) + 1, 0, 1, 0, UTF8 | PHONEMES, None, None)
        espeak.espeak_Synchronize()
        spoken = b"".join(chunks)
        sys.stdout.buffer.write((len(spoken) // 2).to_bytes(4, "little") + spoken)


if __name__ == "__main__":
    main(*sys.argv[1:])
