"""The detector end to end, with a network that scores brightness.

In: videos that are bright while the event lasts, at every rate. Out: the event's true times.
"""

from __future__ import annotations

import math
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from brightness import STRIDE, Brightness, save
from slipdetect import backbones, video
from slipdetect.detection import Detector, Event, resolve_device
from slipdetect.errors import ModelError, PackageError, UsageError, VideoError
from slipdetect.models import TSN, save_package
from synth import cut, make_video

EVENT = (3.0, 5.5)


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        backbones, "create_backbone", lambda name, channels=3, weights=None: Brightness(channels)
    )


@pytest.fixture
def bright(tmp_path: Path, stub: None) -> Detector:
    return Detector.load(save(tmp_path / "model", "rgb"), device="cpu")


def lamp(time: float, events: Sequence[tuple[float, float]] = (EVENT,)) -> np.ndarray:
    """A dark room, bright during the events."""
    on = any(start <= time < end for start, end in events)
    return np.full((48, 64, 3), 235 if on else 20, np.uint8)


def film(
    path: Path,
    times: Sequence[float],
    draw: Callable[[float], np.ndarray] = lamp,
    shift: float = 0.0,
) -> Path:
    return make_video(path, [draw(t) for t in times], times=times, shift=shift, rate=30.0).path


def steady(rate: float, seconds: float = 8.0) -> list[float]:
    return [k / rate for k in range(round(seconds * rate) + 1)]


def irregular() -> list[float]:
    """5 frames a second, then 50, then 12.5."""
    slow = [k / 5 for k in range(15)]
    fast = [3 + k / 50 for k in range(100)]
    return [*slow, *fast, *(5 + k / 12.5 for k in range(38))]


@pytest.mark.parametrize(
    ("times", "shift", "frame"),
    [
        (steady(15), 0.0, 1 / 15),
        (steady(30), 0.0, 1 / 30),
        (steady(60), 0.0, 1 / 60),
        (irregular(), 0.0, 0.2),
        (steady(30), 1.075, 1 / 30),
    ],
    ids=["15 fps", "30 fps", "60 fps", "variable", "delayed start"],
)
def test_every_recording_of_a_scene_gives_its_event(
    tmp_path: Path, bright: Detector, times: list[float], shift: float, frame: float
) -> None:
    clip = film(tmp_path / "clip.mp4", times, shift=shift)
    result = bright.detect(clip)
    (event,) = result.events
    assert abs(event.start - EVENT[0]) <= STRIDE + frame
    assert abs(event.end - EVENT[1]) <= STRIDE + frame
    assert event.score > 0.99
    assert EVENT[0] <= event.peak <= EVENT[1]
    assert not result.padded
    assert result.duration == pytest.approx(times[-1], abs=0.1)
    assert result.report.frames == len(times)
    assert list(bright.iter_events(clip)) == [event]


def test_rates_agree_with_each_other(tmp_path: Path, bright: Detector) -> None:
    results = [bright.detect(film(tmp_path / f"{r}.mp4", steady(r))) for r in (15, 30, 60)]
    edges = [(event.start, event.end) for result in results for event in result.events]
    assert len(edges) == 3
    for start, end in edges[1:]:
        assert abs(start - edges[0][0]) <= STRIDE
        assert abs(end - edges[0][1]) <= STRIDE


@pytest.mark.parametrize("modality", ["rgbdiff", "flow"])
def test_motion_is_found_where_it_happens(
    tmp_path: Path, stub: None, modality: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    texture = rng.integers(0, 256, (12, 40, 3)).repeat(4, 0).repeat(4, 1).astype(np.uint8)

    def draw(time: float) -> np.ndarray:
        moved = int(30 * min(max(time - EVENT[0], 0.0), EVENT[1] - EVENT[0]))
        return texture[:, moved : moved + 64]

    half = 0.05 if modality == "rgbdiff" else 0.5 + 0.5 * 0.04
    model = save(tmp_path / "model", modality, half=half)
    result = Detector.load(model, "cpu").detect(film(tmp_path / "a.mp4", steady(30), draw))
    probabilities = [w.probability for w in result.windows]
    inside = [p for p, w in zip(probabilities, result.windows, strict=True) if 3.5 < w.center < 5]
    outside = [
        p for p, w in zip(probabilities, result.windows, strict=True) if not 2 < w.center < 6.5
    ]
    assert min(inside) > max(outside)
    (event,) = (
        Detector.load(model, "cpu", {"onset": (min(inside) + max(outside)) / 2})
        .detect(tmp_path / "a.mp4")
        .events
    )
    # a snippet of six frames sees motion that only its end touches
    assert abs(event.start - EVENT[0]) <= STRIDE + 0.5
    assert abs(event.end - EVENT[1]) <= STRIDE + 0.5


def test_two_events_and_none(tmp_path: Path, bright: Detector) -> None:
    two = ((1.0, 2.5), (5.0, 6.5))
    found = bright.detect(film(tmp_path / "two.mp4", steady(30), lambda t: lamp(t, two))).events
    assert len(found) == 2
    for event, truth in zip(found, two, strict=True):
        assert abs(event.start - truth[0]) <= STRIDE + 1 / 30
        assert abs(event.end - truth[1]) <= STRIDE + 1 / 30
    result = bright.detect(film(tmp_path / "none.mp4", steady(30), lambda t: lamp(t, ())))
    assert result.events == ()
    assert max(w.probability for w in result.windows) < 0.01


def test_events_at_both_ends_lie_inside_the_video(tmp_path: Path, bright: Detector) -> None:
    ends = ((0.0, 1.5), (6.5, 9.0))
    result = bright.detect(film(tmp_path / "a.mp4", steady(30), lambda t: lamp(t, ends)))
    first, last = result.events
    assert first.start == 0.0
    assert last.end == result.duration == 8.0


def test_all_streams_together(tmp_path: Path, stub: None) -> None:
    model = save(tmp_path / "model", "rgb", "flow", "rgbdiff")
    result = Detector.load(model, "cpu").detect(film(tmp_path / "a.mp4", steady(15, 3.0)))
    for window in result.windows:
        assert set(window.streams) == {"rgb", "flow", "rgbdiff"}
        # equal weights in the space of logits; every stream here has logits of one scale
        odds = [np.log(p / (1 - p)) for p in window.streams.values()]
        fused = 1 / (1 + np.exp(-np.mean(odds)))
        assert window.probability == pytest.approx(fused, abs=1e-4)


def test_calibration_is_applied_to_the_log_odds(tmp_path: Path, stub: None) -> None:
    clip = film(tmp_path / "a.mp4", steady(15, 2.0), lambda t: np.full((48, 64, 3), 131, np.uint8))
    plain = Detector.load(save(tmp_path / "m", "rgb"), "cpu").detect(clip).windows[0].probability
    model = save(tmp_path / "n", "rgb", calibration={"temperature": 2.0, "bias": -0.5})
    found = Detector.load(model, "cpu").detect(clip).windows[0].probability
    odds = np.log(plain / (1 - plain)) / 2.0 - 0.5
    assert found == pytest.approx(1 / (1 + np.exp(-odds)), abs=1e-5)
    assert found != pytest.approx(plain, abs=0.01)


@pytest.mark.parametrize("frames", [1, 2, 5, 8])
@pytest.mark.parametrize(
    "modalities", [("rgb",), ("flow",), ("rgb", "flow", "rgbdiff")], ids="-".join
)
def test_F10_F11_short_videos_are_padded_and_say_so(
    tmp_path: Path, stub: None, frames: int, modalities: tuple[str, ...]
) -> None:
    clip = film(tmp_path / "a.mp4", [k / 10 for k in range(frames)])
    result = Detector.load(save(tmp_path / "m", *modalities), "cpu").detect(clip)
    assert result.padded
    assert 1 <= len(result.windows) <= 5
    assert result.windows[-1].end == result.duration == pytest.approx((frames - 1) / 10)


def test_one_window_is_enough_not_to_be_padded(tmp_path: Path, bright: Detector) -> None:
    assert not bright.detect(film(tmp_path / "a.mp4", [k / 10 for k in range(11)])).padded
    assert bright.detect(film(tmp_path / "b.mp4", [k / 10 for k in range(10)])).padded


def test_no_window_reaches_beyond_the_video_whatever_its_length(
    tmp_path: Path, bright: Detector
) -> None:
    for frames in range(11, 15):
        result = bright.detect(film(tmp_path / f"{frames}.mp4", [k / 10 for k in range(frames)]))
        assert max(w.end for w in result.windows) == result.duration
        assert all(w.start <= w.end for w in result.windows)


def test_progress_and_the_facts_of_the_source(tmp_path: Path, bright: Detector) -> None:
    clip = film(tmp_path / "a.mp4", steady(30))
    seen: list[tuple[float, float | None]] = []
    result = bright.detect(clip, on_progress=lambda done, total: seen.append((done, total)))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1][0] == pytest.approx(8.0, abs=0.3)
    assert result.source == str(clip)
    assert (result.model, set(result.weights)) == ("stub", {"rgb"})
    assert (result.info.width, result.info.height) == (64, 48)
    assert bright.detect(clip, max_duration=4.0).duration == pytest.approx(3.9, abs=0.11)
    with pytest.raises(VideoError):
        bright.detect(clip, stream=3)


def test_events_are_told_of_while_the_rest_is_still_read(tmp_path: Path, bright: Detector) -> None:
    two = ((1.0, 2.5), (9.0, 10.0))
    clip = film(tmp_path / "a.mp4", steady(30, 12.0), lambda t: lamp(t, two))
    done = [0.0]
    told: list[tuple[Event, float]] = []
    result = bright.detect(
        clip,
        on_progress=lambda seconds, total: done.append(seconds),
        on_event=lambda event: told.append((event, done[-1])),
    )
    assert tuple(event for event, _ in told) == result.events
    assert len(told) == 2
    assert told[0][1] < two[1][0]


def test_what_on_event_raises_ends_detection(tmp_path: Path, bright: Detector) -> None:
    def stop(event: Event) -> None:
        raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        bright.detect(film(tmp_path / "a.mp4", steady(30)), on_event=stop)
    assert not [t for t in threading.enumerate() if t.name.startswith("slipdetect-decode")]


def test_a_truncated_file_is_detected_on_what_there_is(tmp_path: Path, bright: Detector) -> None:
    whole = make_video(
        tmp_path / "a.mp4",
        [lamp(t, ((1.0, 3.0),)) for t in steady(30)],
        rate=30.0,
        options={"movflags": "faststart"},
    ).path
    result = bright.detect(cut(whole, 0.8))
    assert result.report.truncated
    assert result.report.warnings
    assert result.duration < 8.0
    assert len(result.events) == 1


def test_the_address_of_a_source_may_be_longer_than_a_name(bright: Detector) -> None:
    address = f"rtsp://127.0.0.1:1/live?token={'t' * 5000}"
    with pytest.raises(VideoError, match=r"rtsp://127\.0\.0\.1"):
        next(bright.iter_events(address, retries=0))


def test_errors_while_decoding_reach_the_caller_and_stop_the_thread(
    tmp_path: Path, bright: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = film(tmp_path / "a.mp4", steady(10))

    def failing(self: video.Video, *args: object) -> object:
        yield video.Frame(0.0, lamp(0.0))
        raise VideoError("the cable was pulled")

    monkeypatch.setattr(video.Video, "frames", failing)
    with pytest.raises(VideoError, match="cable"):
        bright.detect(clip)
    with pytest.raises(VideoError, match="cable"):
        list(bright.iter_events(clip))
    assert not [t for t in threading.enumerate() if t.name.startswith("slipdetect-decode")]


def test_an_empty_pass_is_a_video_error(
    tmp_path: Path, bright: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video.Video, "frames", lambda self, *args: iter(()))
    with pytest.raises(VideoError, match="no frame"):
        bright.detect(film(tmp_path / "a.mp4", steady(10, 1.0)))


def test_closing_a_stream_early_stops_reading(tmp_path: Path, bright: Detector) -> None:
    many = [(k, k + 0.5) for k in range(0, 40, 2)]
    clip = film(tmp_path / "a.mp4", steady(10, 40.0), lambda t: lamp(t, many))
    events = bright.iter_events(clip)
    first = next(events)
    assert first.start < 1.0
    events.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("slipdetect-decode")]


def test_overrides_of_event_settings(tmp_path: Path, bright: Detector, stub: None) -> None:
    model = tmp_path / "model"
    changed = Detector.load(model, "cpu", {"onset": 0.9, "pad_onset": 1.0, "offset": None})
    assert changed.event_config == replace(bright.event_config, onset=0.9, pad_onset=1.0)
    clip = film(tmp_path / "a.mp4", steady(30))
    assert changed.detect(clip).events[0].start < bright.detect(clip).events[0].start - 0.5
    with pytest.raises(UsageError):
        Detector.load(model, "cpu", {"sensitivity": 0.9})


@pytest.mark.parametrize(("push", "left_out"), [(0.0, True), (22.0, False)])
def test_snippets_are_left_out_by_what_a_window_of_them_says(
    tmp_path: Path, stub: None, push: float, left_out: bool
) -> None:
    """A recurrent consensus whose state goes up is sure of one snippet and not of three."""
    network = TSN(Brightness(15), "rgbdiff", consensus="rnn")
    gru, out = network.consensus.head.gru, network.consensus.head.out
    with torch.no_grad():
        for weight in (network.classifier.weight, *network.consensus.parameters()):
            weight.zero_()
        network.classifier.bias.copy_(torch.tensor([-3.0, 3.0]))
        # after n snippets the state is 1 - 0.9 ** n: 0.1, 0.19, 0.271
        gru.bias_ih_l0[16:32] = math.log(9)
        gru.bias_ih_l0[32:] = 20.0
        out.weight[0] = push / 16
    model = save(tmp_path / "model", "rgbdiff")
    config = Detector.load(model, "cpu").config
    config = replace(config, streams=(replace(config.streams[0], consensus="rnn"),))
    save_package(model, config, {"rgbdiff": network.state_dict()}, overwrite=True)
    result = Detector.load(model, "cpu").detect(film(tmp_path / "a.mp4", steady(30)))
    odds = -6 + push * 0.271
    assert result.windows[8].probability == pytest.approx(1 / (1 + math.exp(-odds)), rel=0.02)
    assert result.profile is not None
    assert (result.profile.computed < result.profile.snippets) == left_out


@pytest.mark.parametrize("consensus", ["weighted", "identity"])
def test_a_consensus_that_cannot_judge_windows_is_refused(
    tmp_path: Path, stub: None, consensus: str
) -> None:
    network = TSN(Brightness(3), "rgb", consensus=consensus)
    model = save(tmp_path / "model", "rgb")
    config = Detector.load(model, "cpu").config
    config = replace(config, streams=(replace(config.streams[0], consensus=consensus),))
    save_package(model, config, {"rgb": network.state_dict()}, overwrite=True)
    with pytest.raises(PackageError, match="consensus"):
        Detector.load(model, "cpu")


def test_missing_models_and_devices_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="give 'default' or the folder"):
        Detector.load(tmp_path / "nothing")
    with pytest.raises(PackageError, match="give 'default' or the folder"):
        Detector.load("m" * 300)
    with pytest.raises(ModelError, match="choose auto, cpu"):
        resolve_device("quantum")
    with pytest.raises(ModelError, match="'meta' cannot be used"):
        resolve_device("meta")
    assert resolve_device("cpu").type == "cpu"
    assert resolve_device("auto").type in ("cpu", "cuda", "mps")


_MEMORY = """
import sys
sys.path[:0] = sys.argv[3:]
import test_detector as t
t.backbones.create_backbone = lambda name, channels=3, weights=None: t.Brightness(channels)
result = t.Detector.load(sys.argv[1], "cpu").detect(sys.argv[2])
print(result.profile.peak_memory / 2**20, len(result.events))
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_duration(tmp_path: Path, stub: None) -> None:
    model = save(tmp_path / "model", "rgb", "rgbdiff")
    used = []
    for seconds in (5.0, 120.0):
        clip = film(tmp_path / f"{seconds}.mp4", steady(10, seconds))
        here = Path(__file__).parent
        command = [
            sys.executable,
            "-c",
            _MEMORY,
            str(model),
            str(clip),
            str(here),
            str(here.parent),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        used.append(float(done.stdout.split()[0]))
    assert used[1] < used[0] + 25
