"""How busy songs are next to real music, as a picture."""

from stemwise.busyness import Busyness, real_groups
from stemwise.report.canvas import BLUE, GREY, ORANGE, new_figure, png


def busyness_figure(found: Busyness) -> bytes:
    """PNG: a row a group, the real range as a band, each song as a dot, their mean as a line."""
    groups = [group for group in reversed(real_groups()) if found.groups.get(group.name)]
    figure = new_figure(0.9 + 0.45 * len(groups))
    axes = figure.add_subplot()
    for row, group in enumerate(groups):
        shares = found.groups[group.name]
        low, high = group.real
        axes.barh(
            row, high - low, left=low, height=0.7, color=GREY, alpha=0.45, label="real music" if not row else None
        )
        heights = [row + 0.5 * ((i * 0.618) % 1 - 0.5) for i in range(len(shares))]
        axes.scatter(shares, heights, s=12, color=BLUE, alpha=0.7, linewidths=0, label="a song" if not row else None)
        mean = sum(shares) / len(shares)
        axes.plot([mean, mean], [row - 0.35, row + 0.35], color=ORANGE, linewidth=3, label="mean" if not row else None)
    axes.set_yticks(range(len(groups)), [f"{group.name} ({len(found.groups[group.name])})" for group in groups])
    axes.set_xlim(0, 1.01)
    axes.set_xlabel("share of the song in which it is active, songs in which it occurs")
    axes.grid(axis="x", alpha=0.3)
    figure.legend(loc="outside upper left", ncols=3, frameon=False)
    return png(figure)
