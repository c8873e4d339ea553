"""The 2020 course report's tables: as plans, and the figures that it printed.

In: a table's name. Out: a ``Table``: which networks, on how many clips, fused in which way; tables
that need the same run name the same ``Trial``. A ``Reported``: figures, and why some cannot be so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

BACKBONES = {
    "bninception": "BNInception",
    "resnet101": "ResNet101",
    "resnest101": "ResNeSt101",
    "inceptionv4": "InceptionV4",
    "inceptionresnetv2": "InceptionResNetV2",
}
MODALITIES = {"rgb": "RGB", "flow": "Flow", "rgbdiff": "RGBDiff"}
SIZES = (475, 525, 575, 668)
SEGMENTS = (1, 3, 5, 10)

_RECIPE_SEGMENTS = 3
_RECIPE_NOTE = "Networks are chosen by validation; the test clips are scored once per run."


@dataclass(frozen=True)
class Trial:
    """One network to train and score."""

    key: str  # its name, unique among all tables, and the name of its folder
    backbone: str  # network
    modality: str  # stream
    recipe: str  # name of the training recipe
    # settings that differ from the recipe's
    changes: Mapping[str, Any] = field(default_factory=dict, hash=False)
    share: float = 1.0  # part of the training clips that it sees, above 0 to 1


@dataclass(frozen=True)
class Cell:
    """One figure: the accuracy of a trial, or of several whose logits are added."""

    trials: tuple[str, ...]  # keys
    # weight of each trial's logits; None: fitted on the validation clips
    weights: tuple[float, ...] | None


@dataclass(frozen=True)
class Row:
    """A line of a table: its heading and a cell per column."""

    label: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Table:
    """A table of the report."""

    name: str  # what the command line calls it
    title: str  # what it shows
    columns: tuple[str, ...]  # headings
    rows: tuple[Row, ...]  # lines, each with a cell per column
    trials: tuple[Trial, ...]  # everything that has to be trained for it
    notes: tuple[str, ...] = ()  # what a reader must know, a sentence each
    # whether it is about how the runs learn; its trials are then its columns
    has_curves: bool = False


@dataclass(frozen=True)
class Reported:
    """The report's own figures for a table."""

    # percent by row heading, one per column; a row of ours that is absent has none
    rows: dict[str, tuple[float, ...]]
    # by row heading and column, why the figure cannot be so or is of another kind
    unsound: dict[tuple[str, int], str]
    notes: tuple[str, ...]  # what holds for all of them
    # headings as the report has them, where they differ from ours; else empty
    columns: tuple[str, ...] = ()
    decimals: int = 4  # decimals that the report prints


def _tsn(backbone: str, modality: str) -> Trial:
    return Trial(f"tsn-{backbone}-{modality}", backbone, modality, f"course2020-{modality}")


def _two_stream(backbone: str, modality: str, size: int = SIZES[-1]) -> Trial:
    of = "" if size == SIZES[-1] else f"-{size}"
    recipe = "two-stream-vgg" if backbone == "vgg16" else "two-stream"
    key = f"two-stream-{backbone}-{modality}{of}"
    return Trial(key, backbone, modality, f"{recipe}-{modality}", share=size / SIZES[-1])


def _cell(*trials: Trial, weights: Sequence[float] | None = (1.0,)) -> Cell:
    keys = tuple(trial.key for trial in trials)
    return Cell(keys, None if weights is None else tuple(weights))


def _table6() -> Table:
    rows = [
        Row(heading, tuple(_cell(_tsn(backbone, modality)) for backbone in BACKBONES))
        for modality, heading in MODALITIES.items()
    ]
    return _of_tsn("table6", "Table 6: backbones and modalities (TSN)", rows)


def _table7() -> Table:
    both, all_three = ("rgb", "flow"), ("rgb", "flow", "rgbdiff")
    fusions: dict[str, tuple[tuple[str, ...], tuple[float, ...] | None]] = {
        "RGB + Flow": (both, (1.0, 1.0)),
        "RGB + 1.5 Flow": (both, (1.0, 1.5)),
        "RGB + Flow + RGBDiff": (all_three, (1.0, 1.0, 1.0)),
        "RGB + 1.5 Flow + RGBDiff": (all_three, (1.0, 1.5, 1.0)),
        "all three, fitted": (all_three, None),
    }
    rows = [
        Row(label, tuple(_cell(*(_tsn(b, m) for m in parts), weights=weights) for b in BACKBONES))
        for label, (parts, weights) in fusions.items()
    ]
    note = "Logits are added with the weights named; 'fitted' weights are chosen on validation."
    return _of_tsn("table7", "Table 7: fusions of the runs of table 6", rows, note)


def _of_tsn(name: str, title: str, rows: Sequence[Row], *notes: str) -> Table:
    trials = tuple(_tsn(backbone, modality) for backbone in BACKBONES for modality in MODALITIES)
    columns = tuple(BACKBONES.values())
    return Table(name, title, columns, tuple(rows), trials, (*notes, _RECIPE_NOTE))


def _table1() -> Table:
    note = (
        f"Shares of the training clips as {', '.join(map(str, SIZES))} have to {SIZES[-1]}: whole "
        "groups, the smaller inside the larger. The test clips stay the same; the report changed "
        "them with every size."
    )
    columns = {f"{_percent(size)} of train": ("resnet101", size) for size in SIZES}
    title = "Table 1: size of the training data (two-stream, ResNet101)"
    return _of_pairs("table1", title, columns, note)


def _table2() -> Table:
    note = "Shares of the training clips as 475 and 575 have to 668; the test clips stay the same."
    names = {"vgg16": "VGG-16", "resnet101": "ResNet101"}
    columns = {
        f"{heading} {_percent(size)}": (name, size)
        for size in (475, 575)
        for name, heading in names.items()
    }
    return _of_pairs("table2", "Table 2: VGG-16 against ResNet101 (two-stream)", columns, note)


def _table3() -> Table:
    title = "Table 3: the two-stream network (ResNet101)"
    return _of_pairs("table3", title, {"ResNet101": ("resnet101", SIZES[-1])})


def _of_pairs(name: str, title: str, columns: Mapping[str, tuple[str, int]], *notes: str) -> Table:
    """Return spatial, motion and 1:1 fused accuracy of two-stream networks, a column each."""
    pairs = [
        (_two_stream(backbone, "rgb", size), _two_stream(backbone, "flow", size))
        for backbone, size in columns.values()
    ]
    rows = (
        Row("Spatial", tuple(_cell(rgb) for rgb, _ in pairs)),
        Row("Motion", tuple(_cell(flow) for _, flow in pairs)),
        Row("Fusion", tuple(_cell(*pair, weights=(1.0, 1.0)) for pair in pairs)),
    )
    trials = tuple(trial for pair in pairs for trial in pair)
    return Table(name, title, tuple(columns), rows, trials, (*notes, _RECIPE_NOTE))


def _percent(size: int) -> str:
    return f"{100 * size / SIZES[-1]:.0f}%"


def _segments() -> Table:
    trials = tuple(_segment_trial(count) for count in SEGMENTS)
    columns = tuple(f"{count} segment{'' if count == 1 else 's'}" for count in SEGMENTS)
    row = Row("Spatial", tuple(_cell(trial) for trial in trials))
    notes = (
        "The report compared 3, 5 and 10 by pictures of loss and accuracy, without a table.",
        "The recipe adds the logits of the segments, so the more segments, the larger a loss: "
        "compare losses along a curve, not between curves.",
        _RECIPE_NOTE,
    )
    title = "Segments per clip (spatial stream, ResNet101)"
    return Table("segments", title, columns, (row,), trials, notes, has_curves=True)


def _segment_trial(count: int) -> Trial:
    base = _two_stream("resnet101", "rgb")
    if count == _RECIPE_SEGMENTS:
        return base
    key = f"{base.key}-segments{count}"
    return Trial(key, base.backbone, base.modality, base.recipe, {"num_segments": count})


TABLES = {
    table.name: table
    for table in (_table1(), _table2(), _table3(), _table6(), _table7(), _segments())
}

_LEAK = (
    "Its clips were split by position in a list, so that recordings of one group are on both "
    "sides, and the network was chosen on the test clips."
)
_NO_SEED = "One run each, without a seed, an interval or more than 118 to 143 test clips."
_COPIED = "104/118, the value of table 3: no k/143, the number of test clips of that data set"

REPORTED = {
    "table1": Reported(
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
    ),
    "table2": Reported(
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
    ),
    "table3": Reported(
        rows={"Spatial": (88.1356,), "Motion": (92.3797,), "Fusion": (94.9153,)},
        unsound={("Motion", 0): "no k/118; 109/118 is 92.3729, two digits swapped"},
        notes=(_LEAK, _NO_SEED),
    ),
    "table6": Reported(
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
    ),
    "table7": Reported(
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
    ),
}
