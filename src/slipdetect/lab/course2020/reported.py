"""What the 2020 course report printed, and which of it cannot be so.

In: a table's name. Out: its figures in percent, with the reason where a figure is unsound.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reported:
    """The report's own figures for a table.

    Attributes:
        rows: Percent by row heading, one per column; a row of ours that is absent has none.
        unsound: By row heading and column, why the figure cannot be so or is of another kind.
        notes: What holds for all of them.
        columns: Headings as the report has them, where they differ from ours; else empty.
        decimals: Decimals that the report prints.
    """

    rows: dict[str, tuple[float, ...]]
    unsound: dict[tuple[str, int], str]
    notes: tuple[str, ...]
    columns: tuple[str, ...] = ()
    decimals: int = 4


_LEAK = (
    "Its clips were split by position in a list, so that recordings of one group are on both "
    "sides, and the network was chosen on the test clips."
)
_NO_SEED = "One run each, without a seed, an interval or more than 118 to 143 test clips."
_COPIED = "104/118, the value of table 3: no k/143, the number of test clips of that data set"

_TABLE1 = Reported(
    rows={
        "Spatial": (88.9831, 89.3130, 91.6084, 96.2406),
        "Motion": (92.3729, 77.8626, 81.8182, 97.7444),
        "Fusion": (94.0678, 90.8397, 93.0070, 98.6425),
    },
    unsound={
        ("Motion", 2): "table 2 has 76.9231 for the same network and data",
        ("Fusion", 3): "no k/133, the number of test clips; 131/133 is 98.4962",
    },
    notes=("Each size had test clips of its own (118, 131, 143, 133).", _LEAK, _NO_SEED),
    columns=("475", "525", "575", "668"),
)

_TABLE2 = Reported(
    rows={
        "Spatial": (84.7458, 88.9831, 88.1356, 91.6084),
        "Motion": (62.7119, 92.3729, 64.3357, 76.9231),
        "Fusion": (86.4407, 94.0678, 79.0210, 93.0070),
    },
    unsound={
        ("Spatial", 2): _COPIED,
        ("Motion", 3): "table 1 has 81.8182 for the same network and data",
    },
    notes=("The two data sets had different test clips (118, 143).", _LEAK, _NO_SEED),
    columns=("VGG-16 475", "ResNet101 475", "VGG-16 575", "ResNet101 575"),
)

_TABLE3 = Reported(
    rows={"Spatial": (88.1356,), "Motion": (92.3797,), "Fusion": (94.9153,)},
    unsound={("Motion", 0): "no k/118; 109/118 is 92.3729, two digits swapped"},
    notes=(_LEAK, _NO_SEED),
)

_TABLE6 = Reported(
    rows={
        "RGB": (92.46, 92.46, 86.47, 94.34, 93.18),
        "Flow": (83.54, 91.70, 87.33, 86.31, 89.66),
        "RGBDiff": (85.61, 92.37, 90.55, 90.25, 92.72),
    },
    unsound={("RGBDiff", 1): "109/118, a plain accuracy among mean-class accuracies"},
    notes=(
        "Mean-class accuracies of 49 and 69 test clips, though the report does not say so.",
        "Its RGBDiff input cannot have had 48 channels: 54 before differencing, 45 after.",
        _LEAK,
        _NO_SEED,
    ),
    decimals=2,
)

_TABLE7 = Reported(
    rows={
        "RGB + Flow": (91.5254, 94.0678, 89.8305, 94.9153, 94.9153),
        "RGB + 1.5 Flow": (91.5254, 94.0678, 91.5254, 95.7627, 95.7627),
        "RGB + Flow + RGBDiff": (90.6780, 83.8983, 94.9153, 93.2203, 94.9153),
        "RGB + 1.5 Flow + RGBDiff": (90.6780, 85.5932, 94.0678, 94.0678, 94.9153),
    },
    unsound={},
    notes=(
        "Plain accuracies of 118 test clips, so not comparable with the report's table 6.",
        _LEAK,
        _NO_SEED,
    ),
)

REPORTED = {
    "table1": _TABLE1,
    "table2": _TABLE2,
    "table3": _TABLE3,
    "table6": _TABLE6,
    "table7": _TABLE7,
}
TEST_CLIPS = {475: 118, 525: 131, 575: 143, 668: 133}
TEST_CLIPS_BY_LABEL = (49, 69)
