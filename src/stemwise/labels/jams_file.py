"""Activity as JAMS (Humphrey et al., "JAMS: A JSON Annotated Music Specification", ISMIR 2014)."""

from collections.abc import Sequence
from pathlib import Path

from stemwise.errors import MissingExtra
from stemwise.files import beside
from stemwise.labels.lab import Segment


def write_jams(
    path: Path,
    title: str,
    artist: str,
    seconds: float,
    sources: Sequence[tuple[str, Sequence[Segment]]],
    rule: str,
    tool: str = "stemwise label",
) -> None:
    """One `segment_open` annotation for each source (a stem or a target), whose name stands in its sandbox.

    `rule`: how the segments were found by `tool`, in words. Raises MissingExtra without the extra `jams`.
    """
    try:
        import jams
    except ImportError as fault:
        raise MissingExtra("jams", "jams", "Writing JAMS") from fault
    jam = jams.JAMS(file_metadata=jams.FileMetadata(title=title, artist=artist, duration=seconds))
    for name, segments in sources:
        tools = jams.AnnotationMetadata(data_source="program", annotation_tools=tool, annotation_rules=rule)
        annotation = jams.Annotation("segment_open", time=0, duration=seconds, annotation_metadata=tools)
        annotation.sandbox = jams.Sandbox(source=name)
        for segment in segments:
            annotation.append(time=segment.start, duration=segment.end - segment.start, value=segment.label)
        jam.annotations.append(annotation)
    with beside(path) as part:
        jam.save(str(part))
