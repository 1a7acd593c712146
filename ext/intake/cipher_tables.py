"""What DES (FIPS 46-3) and SM4 (GB/T 32907-2016) list, as the kernel looks it up (ciphers.pyx)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint32]

# Four rows of sixteen values a box, in hexadecimal.
DES_BOXES = (
    "e4d12fb83a6c59070f74e2d1a6cb953841e8d62bfc973a50fc8249175b3ea06d",
    "f18e6b34972dc05a3d47f28ec01a69b50e7ba4d158c6932fd8a13f42b67c05e9",
    "a09e63f51dc7b428d709346a285ecbf1d6498f30b12c5ae71ad069874fe3b52c",
    "7de3069a1285bc4fd8b56f03472c1ae9a690cb7df13e52843f06a1d8945bc72e",
    "2c417ab6853fd0e9eb2c47d150fa3986421bad78f9c5630eb8c71e2d6f09a453",
    "c1af92680d34e75baf427c9561de0b389ef528c3704a1db6432c95fabe17608d",
    "4b2ef08d3c975a61d0b7491ae35c2f8614bdc37eaf6805926bd814a7950fe23c",
    "d2846fb1a93e50c71fd8a374c56b0e927b419ce206adf35821e74a8dfc90356b",
)
# Bits of the result by the bits of what they come from, 1 being the highest.
DES_PERMUTED = (16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10,
                2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4, 25)
DES_KEY_CHOSEN = (57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18,
                  10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36,
                  63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22,
                  14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4)
DES_ROUND_CHOSEN = (14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4,
                    26, 8, 16, 7, 27, 20, 13, 2, 41, 52, 31, 37, 47, 55, 30, 40,
                    51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32)
DES_TURNS = (1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1)

SM4_BOX = bytes.fromhex(
    "d690e9fecce13db716b614c228fb2c052b679a762abe04c3aa44132649860699"
    "9c4250f491ef987a33540b43edcfac62e4b31ca9c908e89580df94fa758f3fa6"
    "4707a7fcf37317ba83593c19e6854fa8686b81b27164da8bf8eb0f4b70569d35"
    "1e240e5e6358d1a225227c3b01217887d40046579fd327524c3602e7a0c4c89e"
    "eabf8ad240c738b5a3f7f2cef96115a1e0ae5da49b341a55ad933230f58cb1e3"
    "1df6e22e8266ca60c02923ab0d534e6fd5db3745defd8e2f03ff6a726d6c5b51"
    "8d1baf92bbddbc7f11d95c411f105ad80ac13188a5cd7bbd2d74d012b8e5b4b0"
    "8969974a0c96777e65b9f109c56ec68418f07dec3adc4d2079ee5f3ed7cb3948")
SM4_TURNS = ((0, 2, 10, 18, 24), (0, 13, 23))   # of a round, and of a round of the key


def make_des_boxes() -> Words:
    """(8, 64): what six bits put into the other half, permuted, and turned left by one bit."""
    made = np.zeros((8, 64), dtype=np.uint32)
    for box, values in enumerate(DES_BOXES):
        for bits in range(64):
            row, column = bits >> 4 & 2 | bits & 1, bits >> 1 & 15
            word = int(values[16 * row + column], 16) << 28 - 4 * box
            permuted = sum((word >> 32 - source & 1) << 31 - place
                           for place, source in enumerate(DES_PERMUTED))
            made[box, bits] = _turned(permuted, 1)
    return made


def make_des_keys() -> Words:
    """(8, 128, 32): what the seven bits of a byte of the key put into two words for each round.

    The first word has the bits for boxes 1, 3, 5 and 7, a byte each, the second for the others.
    """
    of_bit = np.zeros((64, 32), dtype=np.uint32)
    for turn in range(len(DES_TURNS)):
        turned = sum(DES_TURNS[:turn + 1])
        for place, chosen in enumerate(DES_ROUND_CHOSEN):
            half, at = divmod(chosen - 1, 28)
            source = DES_KEY_CHOSEN[28 * half + (at + turned) % 28] - 1
            box, bit = divmod(place, 6)
            of_bit[source, 2 * turn + box % 2] |= np.uint32(1 << 24 - 8 * (box // 2) + 5 - bit)
    made = np.zeros((8, 128, 32), dtype=np.uint32)
    for bit in range(7):        # from the highest; the eighth is parity
        has_bit = np.arange(128) >> (6 - bit) & 1 == 1
        made[:, has_bit] |= of_bit[bit::8, None]
    return made


def make_sm4_boxes() -> Words:
    """(2, 4, 256): a byte's part in a round, and in one of the key, by its place in a word."""
    return np.array([[[_mixed(value << 24 - 8 * place, turns) for value in SM4_BOX]
                      for place in range(4)] for turns in SM4_TURNS], dtype=np.uint32)


def make_sm4_round_words() -> Words:
    """(32,): what each round of a key adds."""
    values = (np.arange(128, dtype=np.uint32) * 7 % 256).reshape(32, 4)
    return np.ascontiguousarray(values @ np.array([1 << 24, 1 << 16, 1 << 8, 1], np.uint32))


def _turned(word: int, bits: int) -> int:
    return (word << bits | word >> 32 - bits) & 0xFFFFFFFF


def _mixed(word: int, turns: tuple[int, ...]) -> int:
    mixed = 0
    for bits in turns:
        mixed ^= _turned(word, bits)
    return mixed
