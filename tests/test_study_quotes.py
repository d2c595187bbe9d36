"""What RESULTS.md says in sentences, its tables say too."""

from pathlib import Path

import pytest

from stemwise.export import SHIPPED
from stemwise.study.quotes import unfounded

ROOT = Path(__file__).parents[1]
PAGE = """# Results

Before any table: 9.99 [9.00, 9.99] is nobody's.

## Study

{prose}

<!-- study: x -->
| a | 0.834 [0.805, 0.860] | −0.073 [−0.105, −0.039] |
Slope: 1.18 [0.49, 1.95] per whole share.
<!-- end of x -->

## Elsewhere

7.77 dB [7.00, 8.00]
"""


@pytest.mark.parametrize(
    "prose",
    [
        "AUC 0.834 [0.805, 0.860]",
        "AUC is 0.83 [0.80, 0.86] (rounded half to even: 0.805)",
        "worse by −0.073 [−0.105,\n  −0.039]",
        "ahead by 0.07 in AUC [0.04, 0.11]",
        "rises by 1.18 dB [0.49, 1.95]",
        "no figure: [0.1, 0.2], and [a link](x)",
    ],
)
def test_what_tables_say_may_be_rounded_and_turned_round(prose):
    assert unfounded(PAGE.format(prose=prose)) == []


@pytest.mark.parametrize(
    ("prose", "said"),
    [
        ("AUC 0.835 [0.805, 0.860]", "0.835 [0.805, 0.860]"),
        ("AUC 0.834 [0.804, 0.860]", "0.834 [0.804, 0.860]"),
        ("AUC −0.834 [0.805, 0.860]", "−0.834 [0.805, 0.860]"),
        ("ahead by 0.07 in AUC [−0.04, 0.11]", "0.07 [−0.04, 0.11]"),
        ("7.77 dB [7.00, 8.00]", "7.77 [7.00, 8.00]"),
    ],
)
def test_what_no_table_says_is_told_with_its_line(prose, said):
    page = PAGE.format(prose=f"First.\n{prose}")
    assert unfounded(page) == [f"line 8: {said}"]
    assert unfounded(page, "7.77 [7.00, 8.00]") == ([] if prose.startswith("7.77") else [f"line 8: {said}"])


def test_the_prose_of_the_study_agrees_with_its_tables():
    """Fails when tables were written anew, with more seeds, and the sentences about them were not."""
    card = SHIPPED.with_name("README.md").read_text(encoding="utf-8")
    assert unfounded((ROOT / "RESULTS.md").read_text(encoding="utf-8"), card) == []
