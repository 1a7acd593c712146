from typing import Any

import numpy as np
from numpy.typing import NDArray

Records = NDArray[Any]

TAP: np.dtype[np.void]
REFUSAL: np.dtype[np.void]
RIDE: np.dtype[np.void]
LEGS_OF_A_RIDE: np.dtype[np.void]
CHARGE: np.dtype[np.void]
ENTRY: np.dtype[np.void]
CARD_ROW: np.dtype[np.void]
PERSON_ROW: np.dtype[np.void]
CARD_STATE: np.dtype[np.void]
ACCUMULATOR: np.dtype[np.void]
FLOW: np.dtype[np.void]
MEMBER: np.dtype[np.void]
TARIFF: np.dtype[np.void]
CIVIL_OFFSET: np.dtype[np.void]
CANDIDATE_ROWS: np.dtype[np.void]
DISCOUNT_STAGE: np.dtype[np.void]
CONDITION: np.dtype[np.void]
TIMEFRAME: np.dtype[np.void]
FARE_ROW: np.dtype[np.void]
SAME_STATION: np.dtype[np.void]
LINE_STOP: np.dtype[np.void]
LINE_STOPS: np.dtype[np.void]
DISCOUNT_ROW: np.dtype[np.void]
BAND: np.dtype[np.void]
PRICE_BAND: np.dtype[np.void]
SHARE: np.dtype[np.void]
TARIFF_INDEX: np.dtype[np.void]
ACCUMULATOR_RULE: np.dtype[np.void]
AGREEMENT: np.dtype[np.void]
AGREEMENT_INDEX: np.dtype[np.void]
CLAIM_LIMIT: np.dtype[np.void]

AMOUNT_MOST: int
DAYS_MOST: int

TAP_FLAGS: dict[str, int]
TAP_BLANKS: dict[str, int]
RIDE_FLAGS: dict[str, int]
LEGS_MOST: int
DISCOUNT_LEGS_MOST: int
CHAIN_OF_NONE: int
CHAIN_ENDED: int
SHARE_OF_OPERATOR: int
SHARE_OF_ISSUER: int
