"""Old checkpoints: the imported network answers what the old program's network answered.

In: files with the old programs' own names, random weights. Out: nothing but assertions.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from old_files import FAMILIES, OldNetwork, library_network
from slipdetect.lab.checkpoints import Imported, import_checkpoints
from slipdetect.lab.checkpoints.stream import arch_of, backbone_of, guess_backbone
from slipdetect.modalities.normalize import Normalization, SnippetNormalizer
from slipdetect.models import load_package
from slipdetect.models.tsn import WithoutDrawing

MODALITIES = ("rgb", "flow", "rgbdiff")
QUICK = {
    ("resnet18", "rgb"),
    ("resnet18", "flow"),
    ("resnet18", "rgbdiff"),
    ("BNInception", "rgb"),
    ("BNInception", "flow"),
    ("BNInception", "rgbdiff"),
    ("inceptionv4", "flow"),
    ("resnest50", "rgb"),
}
CASES = [
    pytest.param(arch, modality, marks=() if (arch, modality) in QUICK else pytest.mark.slow)
    for arch in FAMILIES
    for modality in MODALITIES
]


def answers(imported: Imported, modality: str, clips: np.ndarray) -> torch.Tensor:
    """Score uint8 clips by the package as it lies on disk, with the statistics it carries."""
    package = load_package(imported.package.folder)
    stream = package.config.stream(modality)
    normalizer = SnippetNormalizer(stream.snippet, stream.normalization)
    with torch.inference_mode():
        scores: torch.Tensor = package.build_stream(modality)(normalizer(torch.from_numpy(clips)))
    return scores


def assert_same(imported: Imported, old: OldNetwork) -> None:
    """Compare logits, and make sure that the comparison could fail."""
    clips = old.clips()
    expected = old.logits(clips)
    # random deep networks blow rounding errors up, and other inputs far more
    tolerance = 1e-3 * float(expected.abs().max())
    assert float((expected[0] - expected[1]).abs().max()) > 10 * tolerance
    got = answers(imported, old.modality, clips)
    assert float((got - expected).abs().max()) < tolerance


@pytest.mark.parametrize(("arch", "modality"), CASES)
def test_imported_network_answers_like_the_old_one(
    tmp_path: Path, arch: str, modality: str
) -> None:
    # without dropout the last layer itself scores, and the names in the file are others
    dropout = modality != "rgbdiff"
    old = OldNetwork(arch, modality, dropout=dropout)
    head = "new_fc" if dropout else f"base_model.{old.family.written_last}"
    assert f"{head}.weight" in old.state()
    assert dropout == any(name.startswith("new_fc") for name in old.state())
    imported = import_checkpoints([old.write(tmp_path / "old.pth.tar")], tmp_path / "m")
    stream = imported.package.config.streams[0]
    assert (stream.backbone, stream.modality) == (arch.lower(), modality)
    assert (stream.num_segments, stream.dropout > 0.0) == (3, dropout)
    assert stream.input_size == (299 if arch.startswith("inception") else 224)
    assert_same(imported, old)


@pytest.mark.parametrize(
    ("arch", "modality"),
    [
        ("resnet18", "rgb"),
        ("resnet18", "flow"),
        pytest.param("resnet101", "flow", marks=pytest.mark.slow),
        pytest.param("vgg16", "rgb", marks=pytest.mark.slow),
        pytest.param("vgg16", "flow", marks=pytest.mark.slow),
        pytest.param("vgg16_bn", "flow", marks=pytest.mark.slow),
    ],
)
def test_two_stream_network_takes_flow_in_the_order_of_time(
    tmp_path: Path, arch: str, modality: str
) -> None:
    old = OldNetwork(arch, modality, two_stream=True)
    imported = import_checkpoints([old.write(tmp_path / "old.pth.tar")], tmp_path / "m")
    stream = imported.package.config.streams[0]
    assert (stream.backbone, stream.snippet_length) == (arch, 1 if modality == "rgb" else 10)
    if modality == "flow":
        assert (stream.normalization.flow_mean, stream.normalization.flow_std) == (0.0, 1.0)
        assert any("2..10,1 to 1..10" in change for change in imported.streams[0].changes)
    else:
        assert stream.normalization == Normalization()
    assert_same(imported, old)


@pytest.mark.parametrize(
    ("zipped", "parallel"), [(False, True), (True, False)], ids=["legacy_parallel", "zip"]
)
def test_ways_of_writing_give_one_model(tmp_path: Path, zipped: bool, parallel: bool) -> None:
    old = OldNetwork("resnet18", "flow")
    path = old.write(tmp_path / "old.pth.tar", zipped=zipped, parallel=parallel, counters=False)
    imported = import_checkpoints([path], tmp_path / "m")
    assert imported.streams[0].tensors == len(old.state()) - 20
    got = imported.package.build_stream("flow").state_dict()
    for name, value in old.base.state_dict().items():
        if name.endswith("num_batches_tracked"):
            assert got[f"backbone.{name}"] == 0
        else:
            assert torch.equal(got[f"backbone.{name}"], value)
    assert torch.equal(got["classifier.weight"], old.head.weight)
    assert ("'module.' of DataParallel dropped" in imported.streams[0].changes) == parallel


def test_file_without_a_name_is_recognized_by_its_tensors(tmp_path: Path) -> None:
    path = OldNetwork("resnet18").write(
        tmp_path / "old.pth.tar", arch=..., epoch=..., best_prec1=...
    )
    stream = import_checkpoints([path], tmp_path / "m").streams[0]
    assert (stream.backbone, stream.known_by) == ("resnet18", "recognized by its tensors")
    assert (stream.checkpoint.epoch, stream.checkpoint.best) == (None, None)


@pytest.mark.parametrize("arch", FAMILIES)
def test_every_network_is_recognized_by_its_tensors(arch: str) -> None:
    with torch.device("meta"), WithoutDrawing():
        tensors = library_network(arch).state_dict()
    assert guess_backbone(tensors) == arch.lower()
    assert guess_backbone(dict(list(tensors.items())[::2])) in (arch.lower(), None)


@pytest.mark.parametrize(
    ("arch", "name"),
    [
        ("BNInception", "bninception"),
        ("bn-inception", "bninception"),
        ("InceptionV4", "inceptionv4"),
        ("inception_v4", "inceptionv4"),
        ("InceptionResnetV2", "inceptionresnetv2"),
        ("ResNet101", "resnet101"),
        ("vgg16_bn", "vgg16_bn"),
        ("resnest101", "resnest101"),
    ],
)
def test_spellings_of_a_network(arch: str, name: str) -> None:
    assert backbone_of(arch) == name
    assert backbone_of(arch_of(name)) == name
