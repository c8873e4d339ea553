"""The 2020 course report's tables as plans: which networks, on how many clips, fused in which way.

In: a table's name. Out: a ``Table``. Tables that need the same run name the same trial.
"""

from __future__ import annotations

from collections.abc import Callable

from slipdetect.errors import UsageError
from slipdetect.lab.course2020.plan import Cell, Row, Table, Trial

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

_TSN_RECIPES = {"rgb": "course2020-rgb", "flow": "course2020-flow", "rgbdiff": "course2020-rgbdiff"}
_TWO_STREAM_RECIPES = {"vgg16": "two-stream-vgg"}
_RECIPE_SEGMENTS = 3
_RECIPE_NOTE = "Networks are chosen by validation; the test clips are scored once per run."


def make_table(name: str) -> Table:
    """Return the plan of table ``name``.

    Raises:
        UsageError: There is no such table.
    """
    if name not in _TABLES:
        raise UsageError(f"no table {name!r}; there are {', '.join(_TABLES)}")
    return _TABLES[name]()


def table_names() -> tuple[str, ...]:
    """Return the names of all tables."""
    return tuple(_TABLES)


def _tsn(backbone: str, modality: str) -> Trial:
    return Trial(f"tsn-{backbone}-{modality}", backbone, modality, _TSN_RECIPES[modality])


def _two_stream(backbone: str, modality: str, size: int = SIZES[-1]) -> Trial:
    of = "" if size == SIZES[-1] else f"-{size}"
    return Trial(
        f"two-stream-{backbone}-{modality}{of}",
        backbone,
        modality,
        f"{_TWO_STREAM_RECIPES.get(backbone, 'two-stream')}-{modality}",
        share=size / SIZES[-1],
    )


def _tsn_trials() -> tuple[Trial, ...]:
    return tuple(_tsn(backbone, modality) for backbone in BACKBONES for modality in MODALITIES)


def _table6() -> Table:
    rows = tuple(
        Row(heading, tuple(Cell.single(_tsn(b, modality).key) for b in BACKBONES))
        for modality, heading in MODALITIES.items()
    )
    title = "Table 6: backbones and modalities (TSN)"
    return Table("table6", title, tuple(BACKBONES.values()), rows, _tsn_trials(), (_RECIPE_NOTE,))


def _table7() -> Table:
    fusions: dict[str, tuple[tuple[str, ...], tuple[float, ...] | None]] = {
        "RGB + Flow": (("rgb", "flow"), (1.0, 1.0)),
        "RGB + 1.5 Flow": (("rgb", "flow"), (1.0, 1.5)),
        "RGB + Flow + RGBDiff": (("rgb", "flow", "rgbdiff"), (1.0, 1.0, 1.0)),
        "RGB + 1.5 Flow + RGBDiff": (("rgb", "flow", "rgbdiff"), (1.0, 1.5, 1.0)),
        "all three, fitted": (("rgb", "flow", "rgbdiff"), None),
    }
    rows = tuple(
        Row(label, tuple(Cell(tuple(_tsn(b, m).key for m in parts), weights) for b in BACKBONES))
        for label, (parts, weights) in fusions.items()
    )
    notes = (
        "Logits are added with the weights named; 'fitted' weights are chosen on validation.",
        _RECIPE_NOTE,
    )
    title = "Table 7: fusions of the runs of table 6"
    return Table("table7", title, tuple(BACKBONES.values()), rows, _tsn_trials(), notes)


def _stream_rows(columns: list[tuple[Trial, Trial]]) -> tuple[Row, ...]:
    """Return spatial, motion and 1:1 fused accuracy of pairs of runs."""
    return (
        Row("Spatial", tuple(Cell.single(rgb.key) for rgb, _ in columns)),
        Row("Motion", tuple(Cell.single(flow.key) for _, flow in columns)),
        Row("Fusion", tuple(Cell((rgb.key, flow.key), (1.0, 1.0)) for rgb, flow in columns)),
    )


def _pair(backbone: str, size: int = SIZES[-1]) -> tuple[Trial, Trial]:
    return _two_stream(backbone, "rgb", size), _two_stream(backbone, "flow", size)


def _table1() -> Table:
    pairs = [_pair("resnet101", size) for size in SIZES]
    columns = tuple(f"{100 * size / SIZES[-1]:.0f}% of train" for size in SIZES)
    notes = (
        f"Shares of the training clips as {', '.join(map(str, SIZES))} have to {SIZES[-1]}: whole "
        "groups, the smaller inside the larger. The test clips stay the same; the report changed "
        "them with every size.",
        _RECIPE_NOTE,
    )
    title = "Table 1: size of the training data (two-stream, ResNet101)"
    return Table("table1", title, columns, _stream_rows(pairs), _flat(pairs), notes)


def _table2() -> Table:
    keys = [(size, name) for size in (475, 575) for name in ("vgg16", "resnet101")]
    pairs = [_pair(name, size) for size, name in keys]
    names = {"vgg16": "VGG-16", "resnet101": "ResNet101"}
    columns = tuple(f"{names[name]} {100 * size / SIZES[-1]:.0f}%" for size, name in keys)
    notes = (
        "Shares of the training clips as 475 and 575 have to 668; the test clips stay the same.",
        _RECIPE_NOTE,
    )
    title = "Table 2: VGG-16 against ResNet101 (two-stream)"
    return Table("table2", title, columns, _stream_rows(pairs), _flat(pairs), notes)


def _table3() -> Table:
    pairs = [_pair("resnet101")]
    title = "Table 3: the two-stream network (ResNet101)"
    return Table(
        "table3", title, ("ResNet101",), _stream_rows(pairs), _flat(pairs), (_RECIPE_NOTE,)
    )


def _segments() -> Table:
    trials = tuple(_segment_trial(count) for count in SEGMENTS)
    columns = tuple(f"{count} segment{'' if count == 1 else 's'}" for count in SEGMENTS)
    row = Row("Spatial", tuple(Cell.single(trial.key) for trial in trials))
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


def _flat(pairs: list[tuple[Trial, Trial]]) -> tuple[Trial, ...]:
    return tuple(trial for pair in pairs for trial in pair)


_TABLES: dict[str, Callable[[], Table]] = {
    "table1": _table1,
    "table2": _table2,
    "table3": _table3,
    "table6": _table6,
    "table7": _table7,
    "segments": _segments,
}
