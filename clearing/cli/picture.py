"""Pictures of what an answer says, as SVG or PNG."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clearing.answers.documents.document import Bars, Streams
from clearing.cli.options import check_folder
from network.errors import OnecardError
from network.language import HEADING, Phrase, joined, language, translated

if TYPE_CHECKING:
    from clearing.answers.what_if import Riders
    from network.money import Currency

SUFFIXES = (".svg", ".png")
ACROSS = 3                          # pictures side by side
MORE, LESS = "#c0392b", "#2471a3"   # which the colour-blind tell apart, too
CHINESE_FONTS = ["Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC"]
FONTS = [*CHINESE_FONTS, "DejaVu Sans"]
WIDE = 9                            # inches, of a document's picture
# Of a picture of bands: from the left to the right, the width of a place, gaps in the height, and
# colours before they begin again; behind a colour: one sees through it.
ACROSS_BANDS, WIDTH, GAPS, COLORS, SHEER = 100, 2, 30, 10, "70"


def check_picture(path: Path) -> None:
    """Raise OnecardError where a picture cannot be drawn into a file."""
    if path.suffix.lower() not in SUFFIXES:
        raise OnecardError(Phrase("{name} is no picture that can be drawn",
                                  name=path.name), where=str(path),
                           expected=Phrase("a name that ends in {suffixes}",
                                           suffixes=joined(" or ", SUFFIXES)),
                           remedy=Phrase("write --picture {stem}.svg", stem=path.stem))
    check_can_draw()
    if path.suffix.lower() == ".png" and language() == "zh":
        _check_can_write_chinese(path)
    check_folder(path)


def _check_can_write_chinese(path: Path) -> None:
    """Raise OnecardError where letters, which are drawn here, would be empty boxes."""
    from matplotlib.font_manager import fontManager

    if not {font.name for font in fontManager.ttflist} & set(CHINESE_FONTS):
        raise OnecardError("no font of this computer has Chinese letters", where=str(path),
                           expected=joined(" or ", CHINESE_FONTS),
                           remedy=Phrase("write --picture {stem}.svg, for which the browser has "
                                         "letters, or install one of these fonts", stem=path.stem))


def check_can_draw() -> None:
    """Raise OnecardError where nothing can be drawn at all."""
    if find_spec("matplotlib") is None:
        raise OnecardError("a picture needs matplotlib, which is not installed",
                           remedy="install it with `pip install 'onecard-clearing[picture]'`")


@contextmanager
def _drawing() -> Iterator[None]:
    """The same picture of the same figures, byte for byte."""
    import matplotlib

    # Text stays text, which a browser has the letters for: matplotlib may not have them, and then
    # warns. Names are strangers': none of them is a formula.
    with (matplotlib.rc_context({"svg.hashsalt": "onecard", "svg.fonttype": "none",
                                 "text.parse_math": False, "font.sans-serif": FONTS}),
          warnings.catch_warnings()):
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        yield


def draw_riders(path: Path, groups: Mapping[str, Riders], currency: Currency, title: str) -> None:
    """Draw for each group of cards what their rides cost more, a tenth between two bars.

    path: as check_picture wants it.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    shown = {name: riders for name, riders in groups.items() if riders.deciles}
    down = max(1, -(-len(shown) // ACROSS))
    with _drawing():
        figure = Figure(figsize=(4 * ACROSS, 1 + 3 * down), layout="constrained")
        FigureCanvasAgg(figure)
        figure.suptitle(translated(Phrase("What the rides of a card cost more: {title}, in "
                                          "{currency}", title=title, currency=currency.name)))
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
    panel.set_title(translated(Phrase(
        "{card_kind}\n{more:,} cards pay more, {less:,} less, {same:,} the same", card_kind=name,
        more=riders.pay_more, less=riders.pay_less, same=riders.pay_the_same)), fontsize=9)
    panel.set_xlabel(translated(Phrase("cards, by what they pay more")), fontsize=8)
    panel.set_ylabel(translated(Phrase("more, {currency}", currency=currency.name)), fontsize=8)
    most = max(1, *map(abs, riders.deciles))    # where nothing changes, nothing is what it shows
    most += most // 10
    panel.set_ylim(-most, most)


def draw_svg(picture: Bars | Streams, currency: Currency) -> bytes:
    """A document's picture as SVG, the same bytes for the same figures."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with _drawing():
        figure = Figure(layout="constrained")
        FigureCanvasAgg(figure)
        panel = figure.subplots()
        if isinstance(picture, Streams):
            _draw_streams(figure, panel, picture, currency)
        else:
            _draw_bars(figure, panel, picture, currency)
        drawn = io.BytesIO()
        figure.savefig(drawn, format="svg", metadata={
            "Date": None, "Creator": None, "Format": None, "Type": None})
    return drawn.getvalue()


def _draw_bars(figure: Any, panel: Any, bars: Bars, currency: Currency) -> None:
    """A bar for each label, upright or lying, with its value beside it."""
    labels, values = list(bars.values), list(bars.values.values())
    places = range(len(values))
    if bars.is_upright:
        figure.set_size_inches(WIDE, 3)
        panel.bar(places, values, color=LESS)
        panel.set_xticks(places, labels, rotation=90, fontsize=8)
        axis = panel.yaxis
    else:
        figure.set_size_inches(WIDE, 1 + len(values) // 3)
        drawn = panel.barh(places, values, color=[MORE if value < 0 else LESS for value in values])
        panel.bar_label(drawn, list(map(currency.text if bars.is_money else str, values)),
                        padding=3, fontsize=8)
        panel.set_yticks(places, labels, fontsize=8)
        panel.invert_yaxis()
        axis = panel.xaxis
    axis.get_major_locator().set_params(integer=True)
    axis.set_major_formatter(lambda value, _: currency.text(int(value)) if bars.is_money
                             else f"{int(value):,}")
    axis.set_tick_params(labelsize=8)
    for side in ("top", "right"):
        panel.spines[side].set_visible(False)


def _draw_streams(figure: Any, panel: Any, streams: Streams, currency: Currency) -> None:
    """Who owes on the left, who is owed on the right, and bands between them."""
    from matplotlib.colors import to_hex
    from matplotlib.patches import Rectangle

    # What is negative, as after corrections, is owed the other way round.
    bands = [(debtor, creditor, amount) if amount > 0 else (creditor, debtor, -amount)
             for (debtor, creditor), amount in streams.amounts.items()]
    sides = (_places(bands, 0), _places(bands, 1))
    colors = {place: to_hex(f"C{index % COLORS}") for index, place in enumerate(
        dict.fromkeys((*sides[0], *sides[1])))}
    gap = sum(amount for _, _, amount in bands) // GAPS + 1
    tops: list[dict[str, int]] = []
    for side, left, word, beside in zip(sides, (-WIDTH, ACROSS_BANDS), ("owes", "is owed"),
                                        (-2 * WIDTH, ACROSS_BANDS + 2 * WIDTH), strict=True):
        align = "right" if left < 0 else "left"
        panel.text(beside, -gap, translated(word, HEADING), fontsize=9, ha=align, va="bottom",
                   weight="bold")
        top, found = 0, dict[str, int]()
        for place, amount in side.items():
            found[place] = top
            panel.add_patch(Rectangle((left, top), WIDTH, amount, color=colors[place]))
            panel.text(beside, top + amount // 2,
                       f"{translated(place, HEADING)}  {currency.text(amount)}", fontsize=9,
                       ha=align, va="center")
            top += amount + gap
        tops.append(found)
    for debtor, creditor, amount in bands:
        panel.add_patch(_band(tops[0][debtor], tops[1][creditor], amount,
                              colors[debtor] + SHEER))
        tops[0][debtor] += amount
        tops[1][creditor] += amount
    figure.set_size_inches(WIDE, 3 + max(map(len, sides)) // 2)
    panel.set_axis_off()
    panel.set_xlim(-ACROSS_BANDS // 2, ACROSS_BANDS + ACROSS_BANDS // 2)
    panel.set_ylim(gap * (GAPS + max(map(len, sides))), -2 * gap)


def _places(bands: Sequence[tuple[str, str, int]], side: int) -> dict[str, int]:
    """The places of one side and what goes through each, the largest first."""
    sums: dict[str, int] = {}
    for debtor, creditor, amount in bands:
        place = creditor if side else debtor
        sums[place] = sums.get(place, 0) + amount
    return dict(sorted(sums.items(), key=lambda item: -item[1]))


def _band(left: int, right: int, amount: int, color: str) -> Any:
    """A band of one width, from a place on the left to one on the right."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Outline

    middle = ACROSS_BANDS // 2
    points = [(0, left), (middle, left), (middle, right), (ACROSS_BANDS, right),
              (ACROSS_BANDS, right + amount), (middle, right + amount), (middle, left + amount),
              (0, left + amount), (0, left)]
    steps = [Outline.MOVETO, *[Outline.CURVE4] * 3, Outline.LINETO, *[Outline.CURVE4] * 3,
             Outline.CLOSEPOLY]
    return PathPatch(Outline(points, steps), facecolor=color, linewidth=0)
