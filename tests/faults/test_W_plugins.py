"""Plugins that misbehave stop nothing but themselves (faults W07, W08, W09).

In: throw-away packages with entry points on the import path. Out: what the registry makes of them.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from slipdetect.backbones import backbone_info, create_backbone, get_spec, list_backbones, registry
from slipdetect.errors import BackboneUnavailable, ModelError

SOURCE = Path(__file__).parents[2] / "src"

GOOD = """
from torch import nn
from slipdetect.backbones import Backbone, BackboneSpec
from slipdetect.modalities.normalize import Normalization


def spec(name, feature_dim=4, first_conv="0"):
    return BackboneSpec(name, feature_dim, 32, Normalization(), first_conv, "MIT", min_input_size=8)


def build(weights=None):
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())

"""

Plugin = Callable[..., None]


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plugin:
    """Put a distribution on the import path: ``plugin(dist, module, code, name="value")``."""
    monkeypatch.delenv("SLIPDETECT_PLUGINS", raising=False)

    def install(dist: str, module: str, code: str, **entries: str) -> None:
        write_plugin(tmp_path, dist, module, code, **entries)
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, module, raising=False)

    return install


def write_plugin(folder: Path, dist: str, module: str, code: str, **entries: str) -> None:
    (folder / f"{module}.py").write_text(code)
    info = folder / f"{dist.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {dist}\nVersion: 1.0\n")
    lines = [f"{name} = {module}:{value}" for name, value in entries.items()]
    (info / "entry_points.txt").write_text("\n".join(["[slipdetect.backbones]", *lines, ""]))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("raise RuntimeError('no license\\nfound')", "RuntimeError: no license found"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("import package_that_is_not_there", "ModuleNotFoundError: No module named"),
        ("broken = 7", "TypeError: 'w07_broken:broken' is a int, not a Backbone"),
        ("def broken(name): raise KeyError(name)", "KeyError: 'broken'"),
        ("other = 7", "AttributeError: module 'w07_broken' has no attribute 'broken'"),
        (GOOD + "broken = Backbone(spec('elsewhere'), build)", "its spec has the name 'elsewhere'"),
    ],
)
def test_W07_broken_import_is_unavailable_with_its_reason(
    plugin: Plugin, code: str, reason: str
) -> None:
    plugin("bad-plugin", "w07_broken", code, broken="broken")
    assert "broken" in list_backbones()
    info = backbone_info("broken")
    assert (info.available, info.spec, info.distribution) == (False, None, "bad-plugin")
    assert reason in info.reason
    assert "\n" not in info.reason
    with pytest.raises(
        BackboneUnavailable, match="'broken' of 'bad-plugin' is unavailable"
    ) as raised:
        create_backbone("broken")
    assert raised.value.__cause__ is not None
    assert "\n" not in str(raised.value)
    assert raised.value.exit_code == 4
    assert get_spec("resnet18").feature_dim == 512


def test_W07_hanging_import_is_given_up(plugin: Plugin, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin("slow-plugin", "w07_hang", "import time; time.sleep(5)", hang="hang")
    monkeypatch.setattr(registry, "PLUGIN_SECONDS", 0.2)
    info = backbone_info("hang")
    assert not info.available
    assert "longer than 0.2 s" in info.reason


def test_W07_printing_leaves_stdout_clean(
    plugin: Plugin, capsys: pytest.CaptureFixture[str]
) -> None:
    noisy = GOOD.replace("    return nn.Seq", "    print('built')\n    return nn.Seq")
    plugin(
        "noisy", "w07_noisy", "print('loaded')\n" + noisy + "n = Backbone(spec('n'), build)", n="n"
    )
    create_backbone("n")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "loaded" in captured.err
    assert "built" in captured.err


def test_W07_taken_name_stays_with_the_built_in(
    plugin: Plugin, caplog: pytest.LogCaptureFixture
) -> None:
    plugin(
        "greedy", "w07_greedy", "raise RuntimeError('loaded by mistake')", resnet18="x", mine="x"
    )
    with caplog.at_level(logging.WARNING, logger="slipdetect"):
        names = list_backbones()
    assert names.count("resnet18") == 1
    assert "mine" in names
    assert "'resnet18' of 'greedy' is ignored: 'slipdetect' already" in caplog.text
    assert backbone_info("resnet18").distribution == "slipdetect"
    assert create_backbone("resnet18").spec.source == "torchvision"


def test_W07_wrong_feature_dim_is_refused_at_creation(plugin: Plugin) -> None:
    code = GOOD + "liar = Backbone(spec('liar', 5), build)\nfine = Backbone(spec('fine'), build)"
    plugin("liars", "w07_liar", code, liar="liar", fine="fine")
    with pytest.raises(BackboneUnavailable, match=r"returns \(1, 4\).*its spec says \(1, 5\)"):
        create_backbone("liar")
    assert create_backbone("fine", in_channels=6)[0].in_channels == 6


def test_W07_wrong_first_conv_is_an_error_not_a_guess(plugin: Plugin) -> None:
    code = GOOD + "lost = Backbone(spec('lost', first_conv='conv1'), build)"
    plugin("losers", "w07_lost", code, lost="lost")
    with pytest.raises(ModelError, match="no module 'conv1'"):
        create_backbone("lost", in_channels=10)


def test_W07_failing_build_is_unavailable(plugin: Plugin) -> None:
    code = GOOD + (
        "def burn(weights=None): raise SystemExit('bye')\n"
        "def number(weights=None): return 3\n"
        "burns = Backbone(spec('burns'), burn)\n"
        "counts = Backbone(spec('counts'), number)\n"
    )
    plugin("burners", "w07_burn", code, burns="burns", counts="counts")
    with pytest.raises(BackboneUnavailable, match="SystemExit: bye"):
        create_backbone("burns")
    with pytest.raises(BackboneUnavailable, match="returned a int"):
        create_backbone("counts")


@pytest.mark.parametrize(
    ("setting", "expected"),
    [(None, {"a_net", "b_net"}), ("", set()), (" ", set()), ("A.Plugin", {"a_net"}), ("c", set())],
)
def test_W07_switch_chooses_plugins(
    plugin: Plugin, monkeypatch: pytest.MonkeyPatch, setting: str | None, expected: set[str]
) -> None:
    plugin("a-plugin", "w07_a", "", a_net="x")
    plugin("b-plugin", "w07_b", "", b_net="x")
    if setting is not None:
        monkeypatch.setenv("SLIPDETECT_PLUGINS", setting)
    assert set(list_backbones("?_net")) == expected
    assert "resnet101" in list_backbones()


def _python(code: str, folder: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(SOURCE)])}
    environment.pop("SLIPDETECT_PLUGINS", None)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_W08_broken_torchvision_takes_only_its_own_backbones(tmp_path: Path) -> None:
    (tmp_path / "torchvision").mkdir()
    (tmp_path / "torchvision" / "__init__.py").write_text(
        "raise RuntimeError('operator torchvision::nms does not exist')\n"
    )
    code = """
from slipdetect.backbones import backbone_info, create_backbone, list_backbones
from slipdetect.errors import BackboneUnavailable
assert 'resnet18' in list_backbones()
print(backbone_info('resnet18').reason)
for name in ('bninception', 'resnest50'):
    assert backbone_info(name).available, backbone_info(name).reason
create_backbone('bninception', in_channels=10)
try:
    create_backbone('resnet18')
except BackboneUnavailable as error:
    print(error.exit_code, type(error.__cause__).__name__)
"""
    reason, refusal = _python(code, tmp_path).splitlines()
    assert reason == "RuntimeError: operator torchvision::nms does not exist"
    assert refusal == "4 RuntimeError"


def test_W09_listing_imports_neither_plugins_nor_torch(tmp_path: Path) -> None:
    write_plugin(tmp_path, "heavy", "w09_heavy", "import torch\n" + GOOD, heavy="x")
    code = """
import sys
import slipdetect
from slipdetect.backbones import BackboneSpec, create_backbone, list_backbones
print('heavy' in list_backbones(), 'resnest101' in list_backbones('resnest*'))
heavy = {'torch', 'w09_heavy', 'timm', 'torchvision', 'cv2', 'numpy'}
print(sorted(heavy & set(sys.modules)))
"""
    assert _python(code, tmp_path).splitlines() == ["True True", "[]"]
