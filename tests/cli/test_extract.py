"""``slipdetect extract`` as its users meet it: codes, lines, options, speed of a second call.

In: tiny videos and command lines. Out: nothing but assertions.
"""

from __future__ import annotations

import hashlib
import json
import resource
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from slipdetect.errors import UsageError
from slipdetect.flow import FlowExtractor, available_methods
from slipdetect.lab.extract.command import ExtractSettings, read_parameters
from slipdetect.store import VideoStore
from synth import cut, make_video

PROBE = """
import sys
from slipdetect.cli.main import cli
try:
    cli(sys.argv[1:], prog_name="slipdetect")
except SystemExit as end:
    code = end.code
heavy = ("torch", "torchvision", "cv2", "av", "numba")
print(code, *[name for name in heavy if name in sys.modules])
"""


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("extract")
    for name in ("slip", "walk"):
        make_video(folder / f"{name}.mp4", name, count=12, size=(64, 48))
    whole = make_video(folder / "w.mp4", count=50, options={"movflags": "faststart"})
    cut(whole.path, 0.6).rename(folder / "short.mp4")
    return folder


@pytest.fixture
def clips_here(originals: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with two clips in a folder of their own, and one cut off beside it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    for name in ("slip", "walk"):
        shutil.copy(originals / f"{name}.mp4", tmp_path / "in")
    shutil.copy(originals / "short.mp4", tmp_path)
    return tmp_path


def probe(*args: str) -> list[str]:
    command = [sys.executable, "-c", PROBE, "extract", *args]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.split()[-5:] if "--help" not in args else done.stdout.splitlines()[-1:]


def test_W09_nothing_of_extract_loads_torch(clips_here: Path) -> None:
    assert probe("--help") == ["0"]
    args = ["in", "--out", "store", "--flow", "dis"]
    assert probe(*args) == ["0", "cv2", "av"]
    assert probe(*args, "--verify") == ["0", "cv2", "av"]


def test_a_folder_is_extracted_and_then_left_alone(run, clips_here: Path) -> None:
    first = run("extract", "in", "--out", "store", "--flow", "dis")
    assert first.exit_code == 0, first.output
    assert first.stdout == ""
    assert "2 videos: 2 extracted (24 frames, 22 flows) in 'store'" in first.stderr
    assert "frames/s" in first.stderr
    second = run("extract", "in", "--out", "store", "--flow", "dis")
    assert second.exit_code == 0
    assert second.stderr == (
        "2 videos: 0 extracted (0 frames, 0 flows), 2 there already in 'store'\n"
    )
    assert run("extract", "in", "--out", "store", "--flow", "dis", "-q").stderr == ""
    names = {path.name.rpartition("-")[0] for path in Path("store").iterdir() if path.is_dir()}
    assert names == {"slip", "walk"}


def test_a_list_file_and_a_root(run, clips_here: Path) -> None:
    Path("list.txt").write_text("slip.mp4 0\nwalk.mp4 1\n")
    args = ["extract", "@list.txt", "--root", "in", "--no-flow"]
    assert run(*args, "--out", "a").exit_code == 0
    shutil.move("in", "moved")
    args[args.index("in")] = "moved"
    assert run(*args, "--out", "b").exit_code == 0
    assert VideoStore(Path("a")).keys() == VideoStore(Path("b")).keys()
    Path("list.txt").write_text("slip.mp4\n../short.mp4\n")
    result = run(*args, "--out", "c")
    assert result.exit_code == 3
    assert "line 2" in result.stderr


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_one_bad_video_stops_nothing(jobs: str, run, clips_here: Path) -> None:
    Path("in/bad.mp4").write_bytes(b"\x00\x01 no video")
    make_video(Path("in/tiny.mp4"), "still", count=3, size=(16, 4))
    sources = ["in", "gone.mp4"]
    result = run("extract", *sources, "--out", "store", "--flow", "dis", "--jobs", jobs)
    assert result.exit_code == 5, result.output
    errors = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 3
    assert "5 videos: 2 extracted (24 frames, 22 flows), 3 failed" in result.stderr
    assert "Traceback" not in result.stderr
    keys = VideoStore(Path("store")).keys()
    assert sorted(key[:4] for key in keys) == ["slip", "walk"]
    left = {p.name.rpartition("-")[0].strip(".") for p in Path("store").iterdir()}
    assert left == {"slip", "walk"}


def test_a_truncated_video_warns(run, clips_here: Path) -> None:
    result = run("extract", "short.mp4", "--out", "store", "--flow", "dis")
    assert result.exit_code == 0
    assert "Warning: 'short.mp4': truncated" in result.stderr


@pytest.mark.parametrize(
    ("args", "code", "text"),
    [
        (["in"], 2, "--out"),
        (["--out", "store"], 2, "nothing to extract"),
        (["in", "--out", "store", "--flow", "magic"], 2, "unknown flow method 'magic'"),
        (["in", "--out", "store", "--flow-param", "nscales"], 2, "is not NAME=VALUE"),
        (["in", "--out", "store", "--flow-param", "nonsense=1"], 2, "no parameter 'nonsense'"),
        (["in", "--out", "store", "--size", "huge"], 2, "short:256"),
        (["in", "--out", "store", "--no-rgb", "--no-flow"], 2, "neither frames nor flow"),
        (["in", "--out", "store", "--layout", "zip"], 2, "zip"),
        (["in", "--out", "store", "--max-frames", "0"], 2, "max-frames"),
        (["gone.mp4", "--out", "store"], 3, "was not found"),
        (["in", "--out", "no/store"], 6, "does not exist"),
        (["in", "--out", "short.mp4"], 6, "is a file"),
    ],
)
def test_exit_codes(args: list[str], code: int, text: str, run, clips_here: Path) -> None:
    result = run("extract", *args)
    assert result.exit_code == code, result.output
    assert text in result.stderr
    assert "Traceback" not in result.output


def test_settings_arrive(run, clips_here: Path) -> None:
    args = ["--layout", "tsn", "--fps", "10", "--size", "short:32", "--max-frames", "4"]
    flow = ["--flow", "tvl1-opencv", "--bound", "20", "--flow-param", "nscales=3"]
    more = ["--flow-param", "lambda=0.2", "--device", "cpu"]
    result = run("extract", "in/slip.mp4", "--out", "store", *args, *flow, *more)
    assert result.exit_code == 0, result.output
    recipe = next(iter(VideoStore(Path("store")))).recipe
    assert (recipe.layout, recipe.sample_fps, recipe.size) == ("tsn", 10.0, "short:32")
    assert recipe.max_frames == 4
    assert recipe.flow["bound"] == 20.0
    assert recipe.flow["parameters"]["nscales"] == 3
    assert recipe.flow["parameters"]["lambda_"] == 0.2
    other = run("extract", "in/slip.mp4", "--out", "store", *args, *flow[:-1], "nscales=4", *more)
    assert other.exit_code == 6
    assert "nscales 3 instead of 4" in other.stderr
    again = run("extract", "in/slip.mp4", "--out", "store", *args, *flow[:4], "--overwrite")
    assert again.exit_code == 0
    assert next(iter(VideoStore(Path("store")))).recipe.flow["parameters"]["nscales"] == 5


def test_max_frames_is_off_by_default(run, tmp_path: Path) -> None:
    clip = make_video(tmp_path / "long.mp4", "still", count=260, size=(32, 32)).path
    for number, args in ((260, []), (250, ["--max-frames", "250"])):
        store = tmp_path / str(number)
        assert run("extract", clip, "--out", store, "--no-flow", *args).exit_code == 0
        assert next(iter(VideoStore(store))).manifest.frames == number


def test_S57_a_video_is_fetched_first(run, clips_here: Path) -> None:
    source = Path("in/slip.mp4").resolve()
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    address = f"{source.as_uri()}#sha256={digest}"
    result = run("extract", "--url", address, "--out", "store", "--no-flow")
    assert result.exit_code == 0, result.output
    assert "1 video: 1 extracted" in result.stderr
    wrong = run("extract", "--url", address[:-4] + "0000", "--out", "other", "--no-flow")
    assert wrong.exit_code == 3


def test_the_help_names_every_flow_method_and_the_default(run) -> None:
    text = " ".join(run("extract", "--help").stdout.split())
    methods = available_methods()
    assert (
        f"{', '.join(methods[:-1])} or {methods[-1]}. [default: {FlowExtractor().method}]" in text
    )
    assert f"Largest flow that is stored, px. [default: {FlowExtractor().bound}; x>0.0]" in text


def test_parameters_are_numbers_truths_or_words() -> None:
    texts = ["nscales=3", "tau = 0.5", "use_initial_flow=true", "preset=fast", "x=[1]", "y=null"]
    assert read_parameters(texts) == {
        "nscales": 3,
        "tau": 0.5,
        "use_initial_flow": True,
        "preset": "fast",
        "x": "[1]",
        "y": "null",
    }


def test_the_manifest_is_the_same_wherever_it_is_made(run, clips_here: Path) -> None:
    for store in ("a", "b"):
        run("extract", "in/slip.mp4", "--out", store, "--flow", "dis")
    manifests = [next(Path(store).glob("*.json")) for store in ("a", "b")]
    assert manifests[0].read_bytes() == manifests[1].read_bytes()
    text = manifests[0].read_text()
    assert str(clips_here) not in text
    facts = json.loads(text)
    assert facts["source"]["name"] == "slip.mp4"
    assert list(facts["recipe"]["versions"]) == ["slipdetect", "av", "numpy", "opencv"]


def test_a_dead_worker_is_one_failed_video(
    run, clips_here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # spawned workers import this from PYTHONPATH, see below
    (clips_here / "sitecustomize.py").write_text(
        "import os, sys\n"
        "import slipdetect.video.reader as reader\n"
        "real = reader.open_video\n"
        "def deadly(source, **options):\n"
        "    if 'slip' in str(source):\n"
        "        os._exit(9)\n"
        "    return real(source, **options)\n"
        "reader.open_video = deadly\n"
    )
    path = ":".join([str(clips_here), *(p for p in sys.path if p)])
    monkeypatch.setenv("PYTHONPATH", path)
    result = run("extract", "in", "--out", "store", "--no-flow", "--jobs", "2")
    assert result.exit_code == 5, result.output
    assert "slip.mp4': the process that read it died" in result.stderr
    keys = VideoStore(Path("store")).keys()
    assert [key[:4] for key in keys] == ["walk"]


@pytest.mark.slow
def test_fifty_clips_take_no_time_the_second_time(clips: Path, tmp_path: Path) -> None:
    videos = sorted(clips.glob("*/*.mp4"))[:50]
    args = [*map(str, videos), "--out", str(tmp_path / "s"), "--jobs", "2", "--flow", "dis"]
    args += ["--fps", "3", "--size", "short:64"]
    command = [sys.executable, "-m", "slipdetect.cli.main", "extract", *args]
    subprocess.run(command, check=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # seconds of processor time, which other work on the machine hardly changes
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 2


def test_who_hands_out_work_to_gpus_needs_none(tmp_path: Path) -> None:
    settings = ExtractSettings(out=tmp_path, device="cuda", flow_parameters={})
    with pytest.raises(UsageError, match=r"CUDA|cuda"):
        settings.make_extractor()
    made = replace(settings, on="ray").make_extractor()
    assert made is not None
    assert made.recipe() == FlowExtractor("tvl1").recipe()
