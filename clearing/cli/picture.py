"""Pictures of what an answer says, as SVG or PNG."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from network.errors import OnecardError

if TYPE_CHECKING:
    from clearing.answers.what_if import Riders
    from network.money import Currency

SUFFIXES = (".svg", ".png")
ACROSS = 3                          # pictures side by side
MORE, LESS = "#c0392b", "#2471a3"   # which the colour-blind tell apart, too


def check_picture(path: Path) -> None:
    """Raise OnecardError where a picture cannot be drawn into a file."""
    if path.suffix.lower() not in SUFFIXES:
        raise OnecardError(f"{path.name} is no picture that can be drawn", where=str(path),
                           expected="a name that ends in " + " or ".join(SUFFIXES),
                           remedy=f"write --picture {path.stem}.svg")
    if find_spec("matplotlib") is None:
        raise OnecardError("a picture needs matplotlib, which is not installed",
                           remedy="install it with `pip install 'onecard-clearing[picture]'`")
    if not path.parent.is_dir():
        raise OnecardError("there is no such folder", where=str(path.parent),
                           remedy="make it, or write the picture elsewhere")


def draw_riders(path: Path, groups: Mapping[str, Riders], currency: Currency, title: str) -> None:
    """Draw for each group of cards what their rides cost more, a tenth between two bars.

    path: as check_picture wants it.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    shown = {name: riders for name, riders in groups.items() if riders.deciles}
    down = max(1, -(-len(shown) // ACROSS))
    # The same picture of the same figures, byte for byte; its text stays text.
    with matplotlib.rc_context({"svg.hashsalt": "onecard", "svg.fonttype": "none"}):
        figure = Figure(figsize=(4 * ACROSS, 1 + 3 * down), layout="constrained")
        FigureCanvasAgg(figure)
        figure.suptitle(f"What the rides of a card cost more: {title}, in {currency.name}")
        panels = list(figure.subplots(down, ACROSS, squeeze=False).flat)
        for panel, (name, riders) in zip(panels, shown.items(), strict=False):
            _draw_group(panel, name, riders, currency)
        for panel in panels[len(shown):]:
            panel.set_visible(False)
        figure.savefig(path, metadata={"Date": None} if path.suffix.lower() == ".svg" else None)


def _draw_group(panel: Any, name: str, riders: Riders, currency: Currency) -> None:
    """One group's deciles as bars, least to most."""
    places = range(len(riders.deciles))
    panel.bar(places, riders.deciles, color=[MORE if amount > 0 else LESS for amount in
                                             riders.deciles])
    panel.yaxis.get_major_locator().set_params(integer=True)    # whole minor units
    panel.yaxis.set_major_formatter(lambda amount, _: currency.text(int(amount)))
    panel.axhline(0, color="black", linewidth=1)
    panel.set_xticks(places, [f"{place * 10} %" for place in places], fontsize=7)
    panel.set_title(f"{name}\n{riders.pay_more:,} cards pay more, {riders.pay_less:,} less, "
                    f"{riders.pay_the_same:,} the same", fontsize=9)
    panel.set_xlabel("cards, by what they pay more", fontsize=8)
    panel.set_ylabel(f"more, {currency.name}", fontsize=8)
    most = max(1, *map(abs, riders.deciles))    # where nothing changes, nothing is what it shows
    most += most // 10
    panel.set_ylim(-most, most)
