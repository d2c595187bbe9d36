"""The published segments of MedleyDB against our rule: python bench/check_segments.py CLONE_OF_marl_medleydb

`git clone https://github.com/marl/medleydb` has the activation confidence and the segments of 122 songs. The rule makes
segments of the first; each of the second must be there, in its place, within a frame.
"""

import sys
from pathlib import Path

from stemwise.activity import PUBLISHED, RATE, segments
from stemwise.labels import read_confidence, read_segments

FRAME = PUBLISHED.hop / RATE
ROUNDING = 1.1e-4  # both files have four decimals


def compare(confidence: Path, published: Path) -> tuple[int, int]:
    """How many published segments there are, and how many of them ours are within a frame of, in the same order."""
    times, _, rows = read_confidence(confidence)
    ours = [segment for row in rows for segment in segments(row, times)]
    theirs = [(segment.start, segment.end) for segment in read_segments(published)]
    if len(ours) != len(theirs):
        print(f"{published.name}: {len(theirs)} segments, ours are {len(ours)}")
    pairs = zip(ours, theirs, strict=False)
    near = (max(abs(a - b) for a, b in zip(one, other, strict=True)) <= FRAME + ROUNDING for one, other in pairs)
    return len(theirs), sum(near)


def main(clone: Path) -> None:
    annotations = clone / "medleydb" / "data" / "Annotations"
    files = sorted((annotations / "Source_ID").glob("*_SOURCEID.lab"))
    if not files:
        sys.exit(f"{annotations}/Source_ID has no *_SOURCEID.lab. Give the folder of a clone of marl/medleydb.")
    counts = []
    for published in files:
        name = published.name.replace("SOURCEID", "ACTIVATION_CONF")
        counts.append(compare(annotations / "Activation_Confidence" / "original" / name, published))
    total, near = (sum(column) for column in zip(*counts, strict=True))
    print(f"{near:,} of {total:,} segments of {len(files)} songs within a frame ({FRAME * 1000:.1f} ms)")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("medleydb"))
