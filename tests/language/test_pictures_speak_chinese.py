"""Words in pictures are Chinese where all else is, and no letter is an empty box."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import clearing.cli.picture
from clearing.answers.documents.document import Streams
from clearing.answers.what_if import Riders
from clearing.cli.picture import FONTS, check_picture, draw_riders, draw_svg
from network.errors import OnecardError
from network.language import Phrase, use
from network.money import Currency

YUAN = Currency("yuan", "fen", 2)


@pytest.fixture(autouse=True)
def in_chinese() -> Iterator[None]:
    use("zh")
    yield
    use("en")


@pytest.mark.parametrize("fonts", [FONTS, ["DejaVu Sans"]], ids=["any", "none of Chinese"])
def test_what_rides_cost_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fonts: list[str]
) -> None:
    monkeypatch.setattr(clearing.cli.picture, "FONTS", fonts)
    riders = Riders(1_200, 30, 4, deciles=list(range(-300, 800, 100)))
    title = Phrase("{first} to {last} by {network}", first="2024-11-25", last="2024-11-26",
                   network="$1 or $2")
    draw_riders(tmp_path / "riders.svg", {Phrase("all cards"): riders, "student": riders}, YUAN,
                title)
    drawn = (tmp_path / "riders.svg").read_text("utf-8")
    for words in ("每张卡的乘次多付多少：2024-11-25 至 2024-11-26，按 $1 or $2，单位：元",
                  "全部卡", "学生", "1,200 张卡多付，30 张少付，4 张不变",
                  "卡，按多付多少排列", "多付（元）"):
        assert f">{words}<" in drawn


def test_who_owes_whom() -> None:
    drawn = draw_svg(Streams({("广州", "深圳"): 1_200, ("广州", "nation"): 5}), YUAN).decode()
    assert ">全国  0.05<" in drawn
    assert ">应付<" in drawn and ">应收<" in drawn and ">广州  12.05<" in drawn


def test_a_computer_without_chinese_letters_draws_no_boxes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clearing.cli.picture, "CHINESE_FONTS", ["No Such Letters"])
    check_picture(tmp_path / "riders.svg")
    with pytest.raises(OnecardError) as found:
        check_picture(tmp_path / "riders.png")
    assert found.value.said().splitlines() == [
        f"{tmp_path}/riders.png：此电脑没有带中文的字体", "No Such Letters",
        "请写 --picture riders.svg，由浏览器提供字体；或安装其中一种字体"]
