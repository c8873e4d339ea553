"""``slipdetect doctor``: whether all that slipdetect needs works here; what a recording is.

In: this machine, or a video. Out: a report as text or JSON, exit code 1 when something needed is
missing.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, requires, version
from typing import TYPE_CHECKING, Any

import click

import slipdetect
from slipdetect._text import printable
from slipdetect.cli.checks import Check, check_lines
from slipdetect.cli.completion import FILE_NAME
from slipdetect.cli.console import Console
from slipdetect.cli.options import common_options
from slipdetect.cli.typed_options import POSITIVE
from slipdetect.errors import UsageError

if TYPE_CHECKING:
    from slipdetect.video import VideoOptions

_CLASHING = ("opencv-python", "opencv-python-headless", "opencv-contrib-python-headless")


@click.command()
@click.argument("video", metavar="[VIDEO]", required=False, type=FILE_NAME)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--quick",
    is_flag=True,
    help="Look only at what loads fast, without torch; of a video only at its first seconds.",
)
@click.option("--stream", metavar="N", type=click.IntRange(0), help="Which video stream, from 0.")
@click.option("--frame-rate", metavar="FPS", type=POSITIVE, help="Ignore timestamps of VIDEO; 1/s.")
@common_options
@click.pass_context
def doctor(
    ctx: click.Context,
    video: str | None,
    as_json: bool,
    quick: bool,
    stream: int | None,
    frame_rate: float | None,
) -> None:
    """Check the installation, or what a recording is.

    Without VIDEO: what slipdetect needs, and what to do where it is missing. With VIDEO (a file,
    or a playlist of pieces): what it is, where its times come from, what is doubtful, and how it
    will be read. It is decoded to its end, unless --quick is given.

    \b
    slipdetect doctor
    slipdetect doctor kitchen.mp4
    """
    console = ctx.ensure_object(Console)
    if video is not None:
        _examine(console, video, as_json, quick, {"stream": stream, "frame_rate": frame_rate})
        return
    if stream is not None or frame_rate is not None:
        raise UsageError("--stream and --frame-rate are about a VIDEO; name one")
    checks = all_checks(quick=quick)
    if as_json:
        _print_json(console, checks)
    else:
        console.text("\n".join(check_lines(checks, "FAIL")) + "\n")
        works = _all_well(checks)
        console.note("everything needed works" if works else "something needed does not work")
    ctx.exit(0 if _all_well(checks) else 1)


def _all_well(checks: Sequence[Check]) -> bool:
    return all(check.ok is not False for check in checks)


def _print_json(console: Console, checks: Sequence[Check], **more: Any) -> None:
    found = {"version": 1, "ok": _all_well(checks), "checks": [asdict(check) for check in checks]}
    console.data(json.dumps({**found, **more}, indent=2) + "\n")


def _examine(
    console: Console, name: str, as_json: bool, quick: bool, reading: VideoOptions
) -> None:
    """Print what there is to say of a recording."""
    from slipdetect.cli.doctor_video import QUICK_SECONDS, read_through, video_checks, video_facts
    from slipdetect.detection import model_folder
    from slipdetect.models.package import load_package
    from slipdetect.video import open_video

    sample_fps = load_package(model_folder("default")).config.sample_fps
    if quick:
        reading["max_duration"] = QUICK_SECONDS
    with open_video(name, **reading) as video, console.bar(1.0) as bar:

        def show(done: float, end: float | None) -> None:
            bar.show(min(done / end, 1.0) if end else 0.0, f"reading {printable(name)}")

        times = read_through(video, show)
        checks = video_checks(video, times, sample_fps, quick, reading["frame_rate"])
        facts = video_facts(video, times)
    if as_json:
        _print_json(console, checks, video=facts)
        return
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    lines = [printable(name), *check_lines(checks, "?", width=width or 100)]
    console.text("\n".join(lines) + "\n")
    console.note("nothing is doubtful" if _all_well(checks) else "what is doubtful is marked ?")


def all_checks(*, quick: bool = False) -> list[Check]:
    """Return every answer, quick without torch; one that cannot be found out is a failed check."""
    questions: list[Callable[[], Iterator[Check]]] = [_system, _packages, _opencv, _flow, _decoder]
    if not quick:
        questions += [_torch, _model]
    questions.append(_backbones)
    found: list[Check] = []
    for question in questions:
        try:
            found += question()
        except Exception as error:
            text = f"{type(error).__name__}: {error}".splitlines()[0]
            found.append(Check(question.__name__.strip("_"), False, text))
    return found


def _system() -> Iterator[Check]:
    yield Check("slipdetect", None, slipdetect.__version__)
    yield Check("python", None, platform.python_version())
    yield Check("system", None, f"{platform.platform()}, {os.cpu_count()} processors")


def _packages() -> Iterator[Check]:
    """Look for what the package itself says that it needs, and for what its extras add."""
    for line in requires("slipdetect") or []:
        found = re.match(r"[\w.-]+", line)
        extra = re.search(r"extra == ['\"](\w+)", line)
        skipped = extra is not None and extra[1] in ("dev", "docs")
        if found is None or skipped or found[0] == "slipdetect":  # an extra may name another one
            continue
        name, needed, advice = found[0], extra is None, f"pip install {found[0]}"
        if extra is not None:
            advice = f"only for some uses; pip install 'slipdetect[{extra[1]}]'"
        try:
            yield Check(name, True if needed else None, version(name))
        except PackageNotFoundError:
            yield Check(name, False if needed else None, "not installed", advice)


def _opencv() -> Iterator[Check]:
    for name in _CLASHING:
        try:
            found = version(name)
        except PackageNotFoundError:
            continue
        advice = f"it overwrites parts of opencv-contrib-python; pip uninstall {name}"
        yield Check(name, None, f"{found} is installed too", advice)
    import cv2

    present = hasattr(getattr(cv2, "optflow", None), "DualTVL1OpticalFlow_create")
    yield Check(
        "cv2.optflow",
        present,
        "TV-L1 is there" if present else "TV-L1 is missing",
        "" if present else "pip install --force-reinstall opencv-contrib-python",
    )


def _flow() -> Iterator[Check]:
    """Make every flow method on the device it needs; CUDA is left out, because it loads torch."""
    from slipdetect.errors import UsageError
    from slipdetect.flow.machine import opencl_device
    from slipdetect.flow.registry import available_methods, create_method, method_devices

    try:
        yield Check("opencl device", None, str(opencl_device()))
    except UsageError:
        yield Check("opencl device", None, "none")  # why not is said of the method below
    working, missing = [], []
    for name in available_methods():
        try:
            create_method(name, {}, method_devices(name)[0])
        except UsageError as error:
            reason, _, advice = str(error).partition("; ")
            missing.append(Check(f"flow {name}", None, reason, advice))
        else:
            working.append(name)
    yield Check("flow methods", bool(working), ", ".join(working))
    yield from missing


def _decoder() -> Iterator[Check]:
    import av

    codec = ".".join(map(str, av.library_versions["libavcodec"]))
    h264 = "h264" in av.codecs_available
    advice = "" if h264 else "install the PyAV wheel: pip install --force-reinstall av"
    yield Check(
        "decoder",
        h264,
        f"PyAV {av.__version__}, libavcodec {codec}, {'with' if h264 else 'without'} H.264",
        advice,
    )


def _torch() -> Iterator[Check]:
    try:
        import torch
        import torchvision  # noqa: F401
    except Exception as error:  # a torchvision made for another torch fails in many ways
        text = f"{type(error).__name__}: {error}".splitlines()[0]
        advice = "install a pair made for each other: pip install --upgrade torch torchvision"
        yield Check("torch with torchvision", False, text, advice)
        return
    yield Check("torch with torchvision", True, "load together")
    devices = [f"cpu ({torch.get_num_threads()} threads)"]
    devices += [
        f"cuda:{index} ({torch.cuda.get_device_name(index)})"
        for index in range(torch.cuda.device_count())
    ]
    if torch.backends.mps.is_available():
        devices.append("mps")
    yield Check("devices", None, ", ".join(devices))


def _model() -> Iterator[Check]:
    from slipdetect.detection import Detector
    from slipdetect.detection.engines import choose_engine
    from slipdetect.errors import ModelError

    try:
        detector = Detector.load("default", "cpu")
    except ModelError as error:
        yield Check("bundled model", False, str(error), "pip install --force-reinstall slipdetect")
        return
    streams = ", ".join(detector.scorer.weights)
    yield Check("bundled model", True, f"{detector.config.name} ({streams})")
    chosen = choose_engine(detector.config)
    yield Check("engine", None, f"{chosen.engine}: {chosen.reason}")


def _backbones() -> Iterator[Check]:
    from slipdetect.backbones.registry import find_entry, list_backbones

    names = list_backbones()
    plugins = sorted({find_entry(name).distribution for name in names} - {"slipdetect"})
    found = f"{len(names)} names, plugins: {', '.join(plugins) or 'none'}"
    yield Check("backbones", True, found)
