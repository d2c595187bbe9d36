"""Tables, figures and the page of an evaluation of a detector, from its table of clips; and detectors compared."""

from stemwise.metrics.detection.clips import COLUMNS
from stemwise.report.detection.comparison import DetectionComparison, compare_detection, comparison_in_lines
from stemwise.report.detection.comparison_page import comparison_figures, write_detectors_compared
from stemwise.report.detection.content import DetectionReport, report_detection
from stemwise.report.detection.page import figures_of, write_detection
from stemwise.report.detection.summary import in_lines, summarise_detection, summarise_instruments
from stemwise.report.detection.table import Detections, detections_of
from stemwise.report.detection.thresholds import Thresholds, tune

__all__ = [
    "COLUMNS",
    "DetectionComparison",
    "DetectionReport",
    "Detections",
    "Thresholds",
    "compare_detection",
    "comparison_figures",
    "comparison_in_lines",
    "detections_of",
    "figures_of",
    "in_lines",
    "report_detection",
    "summarise_detection",
    "summarise_instruments",
    "tune",
    "write_detection",
    "write_detectors_compared",
]
