"""How fast detection is on a CPU, what its time goes into, and how much memory it takes.

The bundled model on H.264 of 1280 x 720, 30 frames a second: the rendered example, scaled up,
over and over, so that somebody walks or falls all the time, and its first picture, in which nobody
does. ``camera`` and ``still`` have the noise of a sensor and the 2 Mbit/s that cameras send;
``clean`` has neither and is decoded faster than anything from a camera. Reading alone hands out
the same sampled frames by the same reader and does nothing with them. Contestants take turns, each
in a process of its own that has loaded the model.

    python benchmarks/detect.py --run              # the bars and the profile, some minutes
    python benchmarks/detect.py --run --part seed  # against the 2020 report's way of detecting
    python benchmarks/detect.py --run --part long  # memory over half an hour of video
    python benchmarks/detect.py --report

The 2020 report's way is that of its final detector: TV-L1 by OpenCV of every pair of frames at
342 x 256, windows of 30 frames every 10 with 7 snippets each, ResNet101 for RGB and for flow, each
window by itself. Its detour over JPEG files is left out. Ours has the same two networks (random
weights: time does not depend on them) in a package as ``models import --preset
course2020`` makes it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count, islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

RESULT = Path(__file__).parent / "results" / "detect.json"
EXAMPLE = Path(__file__).parents[1] / "examples" / "slip.mp4"
WIDTH, HEIGHT, RATE = 1280, 720, 30.0
BIT_RATE = 2_000_000  # of a camera
SENSOR_NOISE = 3.0  # levels
CONTENTS = ("camera", "clean", "still")
WORK = ("read", "detect")
RIVALS = ("seed", "ours")
PARTS = ("bars", *RIVALS[:1], "long")
LONG = 30  # copies of the video


def main() -> None:
    """Run or report, as the command line says; ``--work`` is for the processes of a run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", action="store_true", help="measure and store")
    parser.add_argument("--report", action="store_true", help="print what was stored (default)")
    parser.add_argument("--part", choices=PARTS, default="bars", help="default: %(default)s")
    parser.add_argument(
        "--seconds",
        type=float,
        help="of video (default: 60, against the 2020 course report's way 6)",
    )
    parser.add_argument("--turns", type=int, default=3, help="runs of each (default: 3)")
    parser.add_argument("--work", choices=(*WORK, *RIVALS, "long"), help=argparse.SUPPRESS)
    parser.add_argument("--video", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        print(json.dumps(measured(arguments.work, arguments.video)))
        return
    if arguments.run:
        found = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
        found[arguments.part] = run(arguments.part, arguments.seconds, arguments.turns)
        RESULT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if arguments.report or not arguments.run:
        print("\n".join(report(json.loads(RESULT.read_text(encoding="utf-8")))))


def run(part: str, seconds: float | None, turns: int) -> dict[str, Any]:
    """Return the seconds and the peak memory of every turn, by content."""
    import torch

    from slipdetect.flow.machine import machine_name

    works = {"bars": WORK, "seed": RIVALS, "long": ("long",)}[part]
    seconds = (6.0 if part == "seed" else 60.0) if seconds is None else seconds
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for content in CONTENTS if part == "bars" else CONTENTS[:1]:
            video = Path(folder) / f"{content}.mp4"
            make_video(video, content, seconds)
            rate = video.stat().st_size * 8 / seconds
            if part == "long":
                video, seconds, turns = repeated(video, LONG), seconds * LONG, 1
            found[content] = {"bit_rate": rate, "turns": take_turns(works, video, turns)}
    machine = f"{machine_name()}, torch {torch.__version__}"
    return {"machine": machine, "video": seconds, "contents": found}


def take_turns(works: Sequence[str], video: Path, turns: int) -> dict[str, list[dict[str, Any]]]:
    """Return what ``measured`` gives of each work, every turn in a process of its own."""
    found: dict[str, list[dict[str, Any]]] = {work: [] for work in works}
    for _ in range(turns):
        for work in works:
            command = [sys.executable, __file__, "--work", work, "--video", str(video)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            found[work].append(json.loads(done.stdout))
    return found


def repeated(video: Path, times: int) -> Path:
    """Write a video ``times`` over without encoding it again; return the new file."""
    import av

    target = video.with_name("long.mp4")
    with av.open(str(target), "w") as output:
        copied, shift = None, 0
        for _ in range(times):
            with av.open(str(video)) as source:
                stream = source.streams.video[0]
                copied = output.add_stream_from_template(stream) if copied is None else copied
                last = 0
                for packet in source.demux(stream):
                    if packet.dts is None:
                        continue
                    last = max(last, packet.pts + (packet.duration or 0))
                    packet.pts, packet.dts, packet.stream = (
                        packet.pts + shift,
                        packet.dts + shift,
                        copied,
                    )
                    output.mux(packet)
                shift += last
    return target


def make_video(target: Path, content: str, seconds: float) -> None:
    """Encode one of ``CONTENTS``, so many seconds of it."""
    import av

    shown = _pictures(moving=content != "still")
    noise = np.zeros((1, HEIGHT, WIDTH, 3), np.int16)
    if content != "clean":
        drawn = np.random.default_rng(0).normal(0.0, SENSOR_NOISE, (16, HEIGHT, WIDTH, 3))
        noise = np.rint(drawn).astype(np.int16)
    with av.open(str(target), "w") as output:
        stream = output.add_stream("libx264", rate=int(RATE))
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        if content != "clean":
            stream.bit_rate = BIT_RATE
            # no frame waits for a later one
            most = {"maxrate": str(BIT_RATE), "bufsize": str(2 * BIT_RATE)}
            stream.options = {"preset": "veryfast", "tune": "zerolatency", **most}
        for index, picture in enumerate(islice(shown, round(seconds * RATE))):
            seen = np.clip(picture + noise[index % len(noise)], 0, 255).astype(np.uint8)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(seen, format="rgb24")))
        output.mux(stream.encode())


def _pictures(moving: bool) -> Iterator[npt.NDArray[np.uint8]]:
    from slipdetect.video import open_video

    for _ in count():
        with open_video(EXAMPLE) as video:
            for frame in video.frames():
                large = cv2.resize(frame.image, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
                yield np.asarray(large, np.uint8)
                while not moving:
                    yield np.asarray(large, np.uint8)


def measured(work: str, video: Path) -> dict[str, Any]:
    """Do one work once; return elapsed and processor seconds, peak memory in MiB, and more."""
    if work in RIVALS:
        with tempfile.TemporaryDirectory() as folder:
            return _timed(_rival(work, video, Path(folder)))
    from slipdetect.detection import Detector
    from slipdetect.video import open_video

    detector = Detector.load("default", device="cpu")

    def read() -> dict[str, Any]:
        config = detector.config
        with open_video(video) as source:
            for _ in source.frames(config.sample_fps, config.frame_short_side):
                pass
        return {}

    def detect() -> dict[str, Any]:
        profile = detector.detect(video).profile
        assert profile is not None
        stages = [[stage.name, stage.seconds, stage.beside] for stage in profile.stages]
        return {"stages": stages, "computed": profile.computed / profile.snippets}

    def long() -> dict[str, Any]:
        peaks: dict[int, float] = {}
        detector.detect(
            video, on_progress=lambda done, total: peaks.update({int(done // 300): _peak()})
        )
        return {"peak_by_5_minutes": list(peaks.values())}

    return _timed({"read": read, "detect": detect, "long": long}[work])


def _timed(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    before, busy = time.perf_counter(), time.process_time()
    more = work()
    return {
        "seconds": time.perf_counter() - before,
        "processor": time.process_time() - busy,
        "peak_mib": _peak(),
        **more,
    }


def _peak() -> float:
    from slipdetect.detection.detector import peak_memory

    peak = peak_memory()
    assert peak is not None, "this system does not tell the memory of a process"
    return peak / 2**20


def _rival(work: str, video: Path, folder: Path) -> Callable[[], dict[str, Any]]:
    """Return one of the two ways to detect with the same two ResNet101."""
    from slipdetect.detection import Detector

    package = _resnets(folder)
    if work == "seed":
        networks = package.build_streams()
        return lambda: _seed(package.config, networks, video)
    detector = Detector.from_package(package, device="cpu")

    def ours() -> dict[str, Any]:
        detector.detect(video)
        return {}

    return ours


def _resnets(folder: Path) -> Any:
    """Write a package of two ResNet101, read as ``models import --preset course2020`` reads."""
    from slipdetect.flow import FlowExtractor
    from slipdetect.lab.checkpoints.assumed import preset_reading
    from slipdetect.models import TSN, ModelConfig, StreamConfig, save_package
    from slipdetect.types import Calibration, EventConfig

    reading, networks = preset_reading("course2020"), {}
    streams = []
    for modality in ("rgb", "flow"):
        networks[modality] = TSN("resnet101", modality)
        flow = FlowExtractor(reading.flow_method, bound=reading.flow_bound).recipe()
        streams.append(
            StreamConfig(
                modality=modality,
                backbone="resnet101",
                snippet_length=networks[modality].modality.length,
                input_size=224,
                crop=reading.crop,
                flow=flow if modality == "flow" else None,
            )
        )
    config = ModelConfig(
        name="resnets",
        labels=("slip", "other"),
        positive="slip",
        sample_fps=reading.sample_fps,
        frame_short_side=reading.short_side,
        snippet_stride=reading.snippet_stride,
        window=reading.window,
        stride=reading.stride,
        streams=tuple(streams),
        fusion={"weights": {"rgb": 1.0, "flow": 1.0}, "space": "logits"},
        calibration=Calibration(),
        events=EventConfig(),
    )
    states = {name: network.state_dict() for name, network in networks.items()}
    return save_package(folder / "model", config, states)


def _seed(config: Any, networks: Any, video: Path) -> dict[str, Any]:
    """Detect as the 2020 course report's final detector did, without its files."""
    import torch

    from slipdetect.flow import FlowExtractor
    from slipdetect.lab.course2020.replay import SEED_WINDOWS
    from slipdetect.modalities.normalize import SnippetNormalizer
    from slipdetect.modalities.snippet import cut, snippet_box
    from slipdetect.video import open_video

    schedule, extractor = SEED_WINDOWS["seed"], FlowExtractor("tvl1-opencv", threads=1)
    with open_video(video) as source:
        images = [cv2.resize(frame.image, (342, 256)) for frame in source.frames()]
    fields = [extractor.quantize(field).transpose(1, 2, 0) for field in extractor.iter(images)]
    box = snippet_box([], 256, 342, "center")
    for start in schedule.starts(len(images)):
        for stream in config.streams:
            modality = stream.snippet
            shown = fields if modality.name == "flow" else images
            snippets = [
                cut(np.stack(shown[start + at : start + at + modality.images]), box, 224)
                for at in schedule.samples(modality, schedule.length)
            ]
            normalized = SnippetNormalizer(modality, stream.normalization)(
                torch.from_numpy(np.stack(snippets))
            )
            with torch.inference_mode():
                networks[modality.name](normalized.unsqueeze(0))
    return {}


def report(found: dict[str, Any]) -> list[str]:
    """Return the lines to print."""
    lines = []
    if "bars" in found:
        lines += [*_bars(found["bars"]), ""]
    if "seed" in found:
        lines += [*_against_seed(found["seed"]), ""]
    if "long" in found:
        (turn,) = found["long"]["contents"]["camera"]["turns"]["long"]
        peaks = ", ".join(f"{peak:.0f}" for peak in turn["peak_by_5_minutes"])
        lines += [
            f"{found['long']['machine']}: {found['long']['video'] / 60:.0f} minutes in "
            f"{turn['seconds']:.0f} s; peak memory in MiB after every 5 minutes: {peaks}",
            "",
        ]
    return lines[:-1]


def _bars(found: dict[str, Any]) -> list[str]:
    contents, video = found["contents"], found["video"]
    turns = len(contents["camera"]["turns"]["detect"])
    lines = [
        found["machine"],
        f"{video:.0f} s of H.264, {WIDTH}x{HEIGHT}, {RATE:.0f} frames a second, "
        f"{turns} turns, median (lowest to highest):",
    ]
    for name, content in contents.items():
        lines += [f"  {name}, {content['bit_rate'] / 1e6:.1f} Mbit/s:", *_content(content, video)]
    lines.append("  where the time of the first turn of camera went, seconds:")
    for name, seconds, beside in contents["camera"]["turns"]["detect"][0]["stages"]:
        lines.append(f"    {name}: {seconds:.2f}" + (" (in other threads)" if beside else ""))
    return lines


def _content(content: dict[str, Any], video: float) -> list[str]:
    turns, lines = content["turns"], []
    for work in WORK:
        speed = [video / turn["seconds"] for turn in turns[work]]
        peak = max(turn["peak_mib"] for turn in turns[work])
        processor = statistics.median(turn["processor"] for turn in turns[work])
        lines.append(
            f"    {work}: {statistics.median(speed):.1f} times real time "
            f"({min(speed):.1f} to {max(speed):.1f}), {processor:.1f} s of processor time, "
            f"peak {peak:.0f} MiB"
        )
    share = [
        read["seconds"] / whole["seconds"]
        for read, whole in zip(turns["read"], turns["detect"], strict=True)
    ]
    computed = turns["detect"][0]["computed"]
    lines.append(
        f"    detecting runs at {statistics.median(share):.2f} of the speed of reading alone "
        f"({min(share):.2f} to {max(share):.2f}); {computed:.0%} of the snippets computed"
    )
    return lines


def _against_seed(found: dict[str, Any]) -> list[str]:
    turns = found["contents"]["camera"]["turns"]
    ratios = [
        old["seconds"] / new["seconds"]
        for old, new in zip(turns["seed"], turns["ours"], strict=True)
    ]
    seconds = {work: statistics.median(turn["seconds"] for turn in turns[work]) for work in RIVALS}
    return [
        f"{found['machine']}: {found['video']:.0f} s of the same video with two ResNet101, "
        f"{len(ratios)} turns: the 2020 course report's way {seconds['seed']:.0f} s, ours "
        f"{seconds['ours']:.1f} s, {statistics.median(ratios):.1f} times as fast "
        f"({min(ratios):.1f} to {max(ratios):.1f})"
    ]


if __name__ == "__main__":
    main()
