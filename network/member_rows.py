"""The members of a network as the kernels read them. Only card_rows.py needs one, too."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ext import records
from network.model import Operator
from network.names import Names
from network.network import Network
from network.numbering import NumberedNetwork


def member_rows(numbered: NumberedNetwork) -> npt.NDArray[Any]:
    """MEMBER rows, by member number; of members that the network no longer has, all zero."""
    network, names, model = numbered.network, numbered.names, numbered.network.model
    rows = np.zeros(names.count("member"), dtype=records.MEMBER)
    cities = {city.code: number for number, city in enumerate(model.city, 1)}
    provinces = {province.code: number for number, province in enumerate(model.province, 1)}
    for member in numbered.members:
        rows["city"][member.number] = cities.get(member.city or "", 0)
        rows["province"][member.number] = provinces.get(member.province or "", 0)
    systems = {system: number for number, system in enumerate(network.systems(), 1)}
    for slot, issuer in enumerate(model.issuer, 1):
        rows["slot"][names.known("member", issuer.code)] = slot
    for slot, operator in enumerate(model.operator, 1):
        row = rows[names.known("member", operator.code)]
        row["system"] = systems[network.system_of(operator.code)]
        row["slot"] = slot
        row["holds_variance"] = operator.on_variance == "hold"
        row["validator_media"] = _validator_media(operator, network, names)
    return rows


def _validator_media(operator: Operator, network: Network, names: Names) -> int:
    """One bit for each medium that the operator's validators charge."""
    return sum(1 << names.known("medium", medium) for medium in network.model.media
               if network.charged_by_validator(operator.code, medium))
