"""A tap that is handed in again with another stop names a stop that there is."""

from __future__ import annotations

import numpy as np

from clearing.sample.taps import claim_other


def test_every_place_has_another_one() -> None:
    for places in (4, 10, 2_282):
        place = np.arange(places, dtype=np.uint16)
        other = claim_other(place, places)
        assert other.max() < places
        assert (np.abs(other.astype(int) - place) == 2).all()
        assert (other & 1 == place & 1).all()
    assert claim_other(np.array([1, 2, 3, 8], np.uint16), 10).tolist() == [3, 4, 1, 6]
