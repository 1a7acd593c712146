"""Times are read by a short way where all their digits are there, else by strptime: the same."""

from __future__ import annotations

from datetime import datetime

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from clearing.intake.formats.steps import make_column, make_step
from clearing.intake.layout_model import FieldSource

FORMS = ["%Y-%m-%d %H:%M:%S", "%Y%m%d%H%M%S", "%d/%m/%Y %H:%M", "%Y.%m.%d", "%y%m%d %H%M%S",
         "%Y-%m-%dT%H:%M:%S%z"]
DIGITS = st.text("0123456789", min_size=1, max_size=4)
TEXTS = st.builds("{}-{}-{} {}:{}:{}".format, *[DIGITS] * 6) | st.builds(
    "{}/{}/{} {}:{}".format, *[DIGITS] * 5) | st.text("0123456789", min_size=12, max_size=15) | (
    st.datetimes().map(lambda moment: f"{moment:%Y-%m-%d %H:%M:%S}"))


@settings(max_examples=300, deadline=None, phases=[Phase.generate])
@given(st.lists(TEXTS, max_size=4), st.sampled_from(FORMS), st.booleans())
def test_as_strptime(texts: list[str], form: str, utc: bool) -> None:
    source = FieldSource(column="at", time=[form], utc=utc)
    wanted = []
    for text in texts:
        try:
            moment = datetime.strptime(text, form)
        except ValueError:
            wanted.append(text)
            continue
        plain = f"{moment:%Y%m%d%H%M%S}".rjust(14, "0")
        wanted.append(plain if not utc and moment.tzinfo is None else
                      moment.isoformat(timespec="seconds") + "+00:00" * (moment.tzinfo is None))
    step = make_step([source])
    assert [step(lambda _, text=text: text) for text in texts] == wanted  # type: ignore[misc]
    assert make_column([source])(lambda _: texts, len(texts)) == wanted
