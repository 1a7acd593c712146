"""The members of a network: who they are and in which city and province they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["operator", "issuer", "funder", "centre", "approver"]
Level = Literal["member", "city", "province"]
Language = Literal["zh", "en"]
LEVELS: tuple[Level, ...] = ("member", "city", "province")
NATION = "nation"


@dataclass(frozen=True)
class Member:
    """One party to the clearing."""

    code: str
    number: int                 # in the book's dictionary
    role: Role
    name: str
    city: str | None = None     # None: a province's or the nation's centre, or an approver
    province: str | None = None
    language: Language = "zh"   # of what it is sent

    def place(self, level: Level) -> str:
        """Where the member's position counts at a level.

        A centre without a city stands under its province, one without a province under the nation.
        """
        if level == "member":
            return self.code
        province = self.province or NATION
        return province if level == "province" else self.city or province
