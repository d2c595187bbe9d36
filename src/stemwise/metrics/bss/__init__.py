"""BSS Eval v4 of a song: SDR, ISR, SIR and SAR in windows, as museval defines them, in a fraction of time and memory.

Source: Stöter, Liutkus and Ito 2018, the 2018 Signal Separation Evaluation Campaign; the rules are museval 0.4.1's.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from numpy.typing import NDArray

if TYPE_CHECKING:  # torch takes a second to import, and tables and pages do without it
    import torch

Audio = TypeVar("Audio", NDArray[Any], "torch.Tensor")
Silence = Literal["museval", "references", "own"]


@dataclass(frozen=True)
class BssEval(Generic[Audio]):
    """What `bss_eval` returns: four arrays (source, window) in dB, float64, and whether the filters are unique.

    sdr: Σ s² / Σ (s - ŝ)², inf where the estimate is the reference to the last bit
    isr: Σ s² / Σ e_spat²
    sir: Σ (s + e_spat)² / Σ e_interf², inf for a source that is alone
    sar: Σ (s + e_spat + e_interf)² / Σ e_artif²
    singular: True where references have no unique filters and small ones were taken (see `bss_eval`)
    """

    sdr: Audio
    isr: Audio
    sir: Audio
    sar: Audio
    singular: bool


def bss_eval(
    references: Audio,
    estimates: Audio,
    rate: int,
    *,
    window: int | None = None,
    hop: int | None = None,
    filter_length: int = 512,
    silence: Silence = "museval",
    noise: float = 0.0,
    device: "str | torch.device | None" = None,
) -> BssEval[Audio]:
    """BSS Eval v4 of estimates against references, each (source, sample, channel), numpy or torch, at `rate` Hz.

    Estimates are projected onto the references delayed by 0 to `filter_length` - 1 samples: onto their own for
    s + e_spat, onto all for s + e_spat + e_interf. The filters are computed once over the whole song and applied to
    each window cut out of it, with the tail they give behind it. Windows have `window` samples (1 s) every `hop`
    samples (a window); the last partial one is dropped, and a clip no longer than a window is one window.

    SDR and ISR of a source do not depend on what other sources there are. SIR and SAR do, by definition; so does,
    unless `silence` is "own", which windows count. A reference or estimate is silent in a window when the sum of its
    channels is exactly zero at every sample (so left = -right counts as silent). Such a window is NaN

    * "museval": for every source, as in museval;
    * "references": for every source if a reference is silent, for its own if it is an estimate;
    * "own": for its own source only.

    A source whose reference or estimate is silent throughout, on which museval raises, has NaN in all its windows. It
    takes none from the others, except those in which a reference that does play rests. References of zeros add nothing
    to the projections.

    References that say the same, or nothing in a band, have no unique filters: the smallest eigenvalue of their inner
    products, each channel scaled to energy 1, is below rounding (1e-15), and museval's figures are chance, by up to
    tens of dB. A reference channel that is an earlier one at another level is left out, which changes no projection.
    Else 1e-14 is added to the diagonal, or 1e-10 where that is not enough, and `singular` is True. `noise` > 0 adds
    what white noise of that root mean square in all references would add in the mean: 2**-15 / 12**0.5 is the rounding
    of a 16-bit file. As in museval, the machine's epsilon is always added, and figures above 150 dB or so are rounding.

    Computed in float64 on the tensors' device, or on `device` (on the CPU in place of mps, which has no float64), piece
    by piece: beside the arrays it takes two matrices of (sources × channels × filter_length)² and some 200 MB, unless
    windows last many seconds. Given tensors it returns tensors on that device, without gradients.

    Raises AudioError for shapes that do not match or are empty, for axes in another order, for NaN or infinity among
    the samples, for a rate, window, hop or filter length that is no whole number of 1 or more, and for a device that
    is not there.
    """
    from stemwise.metrics.bss.clip import Clip, like
    from stemwise.metrics.bss.measure import everything

    clip = Clip.of(references, estimates, rate, window, hop, device)
    figures, singular = everything(clip, filter_length, silence, noise)
    sdr, isr, sir, sar = (like(references, figure) for figure in figures)
    return BssEval(sdr, isr, sir, sar, singular)


def bss_sdr(
    references: Audio,
    estimates: Audio,
    rate: int,
    *,
    window: int | None = None,
    hop: int | None = None,
    silence: Silence = "museval",
    device: "str | torch.device | None" = None,
) -> Audio:
    """SDR of `bss_eval` alone, (source, window) in dB: an energy ratio, since the filters cancel out of it.

    Arguments, rules and errors are those of `bss_eval`; of samples behind the last window only silence is looked for.
    """
    from stemwise.metrics.bss.clip import Clip, like
    from stemwise.metrics.bss.measure import sdr

    return like(references, sdr(Clip.of(references, estimates, rate, window, hop, device), silence))
