"""What ``detect`` writes and where: subtitles, detections, a file per video, timelines.

In: runs with a stand-in detector. Out: nothing but assertions.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from results import FALL, make_result
from slipdetect.sinks.registry import FORMATS

pytestmark = pytest.mark.usefixtures("fake", "wishes")

CUE = "00:00:03.200 --> 00:00:04.900\nslip 0.97\n"


def names(folder: str) -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir())


@pytest.fixture
def two(wishes: Path) -> Path:
    """A folder with a video of one name in two folders, and one of another."""
    for name in ("a/x.mp4", "b/x.mp4", "b/y z.mp4"):
        path = wishes / "cameras" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("fall" if name != "b/x.mp4" else "none")
    return wishes / "cameras"


def test_subtitles_of_one_video_on_stdout(run) -> None:
    assert run("detect", "fall.mp4", "--format", "vtt").stdout == f"WEBVTT\n\n1\n{CUE}"
    srt = run("detect", "fall.mp4", "--format", "srt", "--out", "-")
    assert srt.stdout == "1\n" + CUE.replace(".200", ",200").replace(".900", ",900")
    assert srt.stderr == ""
    nothing = run("detect", "none.mp4", "--format", "vtt")
    assert (nothing.exit_code, nothing.stdout) == (0, "WEBVTT\n")


@pytest.mark.parametrize("kind", ["vtt", "srt"])
def test_subtitles_in_a_file_by_its_suffix(run, kind: str) -> None:
    result = run("detect", "fall.mp4", "--out", f"cues.{kind}")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"wrote 'cues.{kind}'\n"
    assert Path(f"cues.{kind}").read_text() == run("detect", "fall.mp4", "--format", kind).stdout


@pytest.mark.parametrize(
    ("out", "options"),
    [("x.mp4", "--overlay or --clips"), ("x.PNG", "--timeline"), ("x.html", "--html")],
)
def test_text_goes_into_no_file_of_another_kind(run, out: str, options: str) -> None:
    result = run("detect", "fall.mp4", "--out", out)
    assert result.exit_code == 2
    suffix = Path(out).suffix
    assert result.stderr == f"Error: --out '{out}' would be text; for a {suffix} give {options}\n"
    assert not Path(out).exists()
    assert run("detect", "fall.mp4", "--out", out, "--format", "csv").exit_code == 0


@pytest.mark.parametrize(
    ("args", "warned"),
    [
        (["fall.mp4", "--format", "csv"], "a csv"),
        (["fall.mp4", "none.mp4"], "a table of several videos"),
        (["fall.mp4"], ""),
        (["fall.mp4", "--format", "json"], ""),
        (["fall.mp4", "none.mp4", "--format", "table", "--out", "out/"], ""),
    ],
)
def test_windows_that_have_no_place_are_refused(run, args: list[str], warned: str) -> None:
    result = run("detect", *args, "--windows")
    assert result.exit_code == (2 if warned else 0), result.stderr
    expected = f"Error: --windows has no effect: {warned} has none; --format json has them\n"
    assert ("--windows" in result.stderr, result.stderr.count(expected)) == (bool(warned),) * 2
    usual = run("detect", *args, "--overwrite", env={"SLIPDETECT_DETECT_WINDOWS": "1"})
    expected = f"Warning: --windows: {warned} has no windows; --format json has them\n"
    assert (usual.exit_code, usual.stderr.count(expected)) == (0, bool(warned))


@pytest.mark.parametrize("out", [[], ["--out", "-"], ["--out", "cues.vtt"]])
def test_several_videos_need_a_folder(run, out: list[str]) -> None:
    result = run("detect", "fall.mp4", "none.mp4", "--format", "vtt", *out)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("Error: vtt is about one video, and here are 2; ")
    assert "--out FOLDER/" in result.stderr
    assert not Path("cues.vtt").exists()


def test_a_folder_takes_a_file_per_video_under_the_name_of_the_video(run, two: Path) -> None:
    # without a slash and not there yet: subtitles that are no file are a folder
    result = run("detect", two, "--format", "srt", "--out", "subs")
    assert (result.exit_code, result.stdout) == (0, "")
    assert names("subs") == ["a-x.srt", "b-x.srt", "y z.srt"]
    assert "slip 0.97" in Path("subs/y z.srt").read_text()
    assert Path("subs/b-x.srt").read_text() == ""
    assert result.stderr == "wrote 3 files in 'subs'\n"


def test_one_video_in_a_folder_is_no_exception(run) -> None:
    assert run("detect", "fall.mp4", "--format", "vtt", "--out", "subs").exit_code == 0
    assert names("subs") == ["fall.vtt"]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("table", "fall.events.txt"),
        ("json", "fall.events.json"),
        ("csv", "fall.events.csv"),
        ("vtt", "fall.vtt"),
        ("srt", "fall.srt"),
        ("activitynet", "fall.activitynet.json"),
    ],
)
def test_every_format_fits_in_a_folder(run, kind: str, name: str) -> None:
    result = run("detect", "fall.mp4", "none.mp4", "--format", kind, "--out", "out/")
    assert result.exit_code == 0
    assert names("out") == [name, name.replace("fall", "none")]
    # the very text that one video alone gives
    assert Path("out", name).read_text() == run("detect", "fall.mp4", "--format", kind).stdout


@pytest.mark.parametrize("kind", FORMATS)
def test_no_format_repeats_what_an_address_may_hide(kind: str) -> None:
    written: list[str] = []
    source = "http://user:hidden@host.example/hidden.mp4"
    sink = FORMATS[kind](written.append, [source], windows=True, width=80)
    sink.open(None)
    sink.result(make_result(source, FALL))
    sink.close()
    assert written
    assert "hidden" not in "".join(written)
    assert "".join(written).isprintable() or "\n" in "".join(written)


def test_json_in_a_folder_that_is_there_is_the_default(run, two: Path, wishes: Path) -> None:
    (wishes / "out").mkdir()
    assert run("detect", two, "missing.mp4", "--out", "out").exit_code == 5
    found = ["a-x.events.json", "b-x.events.json", "missing.events.json", "y z.events.json"]
    assert names("out") == found
    assert "was not found" in json.loads(Path("out", found[2]).read_text())["error"]
    assert json.loads(Path("out", found[3]).read_text())["source"]["name"].endswith("b/y z.mp4")


@pytest.mark.parametrize("kind", ["csv", "vtt", "srt", "table"])
def test_a_failure_leaves_no_file_that_looks_like_nothing_found(run, kind: str) -> None:
    result = run("detect", "bug.mp4", "fall.mp4", "--format", kind, "--out", "out/")
    assert result.exit_code == 5
    assert [name.partition(".")[0] for name in names("out")] == ["fall"]
    assert result.stderr.splitlines()[-1].startswith("wrote 'out/fall.")


def test_a_failure_leaves_no_subtitle_file(run) -> None:
    result = run("detect", "missing.mp4", "--out", "x.vtt")
    assert result.exit_code == 3
    assert not Path("x.vtt").exists()
    assert "wrote" not in result.stderr


def test_R03_one_existing_file_in_the_folder_stops_all_before_work(run, two: Path) -> None:
    Path("subs").mkdir()
    Path("subs/y z.vtt").write_text("mine")
    args = ["detect", two, "--format", "vtt", "--out", "subs"]
    result = run(*args)
    assert result.exit_code == 6
    assert "'subs/y z.vtt' exists already; pass --overwrite" in result.stderr
    assert names("subs") == ["y z.vtt"]
    assert run(*args, "--overwrite").exit_code == 0
    assert Path("subs/y z.vtt").read_text() == f"WEBVTT\n\n1\n{CUE}"


def test_ctrl_c_keeps_the_files_of_what_is_done(run) -> None:
    result = run("detect", "fall.mp4", "stop.mp4", "none.mp4", "--format", "vtt", "--out", "o/")
    assert result.exit_code == 130
    assert names("o") == ["fall.vtt"]


def test_activitynet_is_one_object_with_every_video_that_could_be_read(run, two: Path) -> None:
    result = run("detect", two, "bug.mp4", "cut.mp4", "--format", "activitynet")
    assert result.exit_code == 5
    data = json.loads(result.stdout)
    assert set(data) == {"version", "external_data", "results"}
    found = {"label": "slip", "score": 0.97, "segment": [3.2, 4.9]}
    assert data["results"] == {"a-x": [found], "b-x": [], "y z": [found], "cut": []}


def test_activitynet_cut_short_by_ctrl_c_is_still_json(run) -> None:
    result = run("detect", "fall.mp4", "stop.mp4", "--format", "activitynet", "--out", "x.json")
    assert result.exit_code == 130
    assert list(json.loads(Path("x.json").read_text())["results"]) == ["fall"]


@pytest.mark.parametrize("option", ["--out", "--timeline"])
def test_an_empty_name_is_no_folder(run, option: str) -> None:
    result = run("detect", "fall.mp4", option, "")
    assert result.exit_code == 2
    assert f"{option} is empty" in result.stderr
    assert sorted(path.suffix for path in Path().iterdir()) == [".mp4"] * 5


def test_a_timeline_beside_the_table(run) -> None:
    result = run("detect", "fall.mp4", "--timeline", "x.png", "--onset", "0.4")
    assert result.exit_code == 0
    assert "00:00:03.200" in result.stdout
    assert result.stderr == "wrote 'x.png'\n"
    assert Path("x.png").read_bytes().startswith(b"\x89PNG")


def test_the_timeline_shows_the_thresholds_in_force(run, monkeypatch) -> None:
    drawn = []
    monkeypatch.setattr(
        "slipdetect.reports.timeline_plot.draw_timeline",
        lambda result, target, events: drawn.append((result.source, events.onset, events.offset)),
    )
    run("detect", "fall.mp4", "--timeline", "x.png", "--onset", "0.4", "--offset", "0.1")
    assert drawn == [("fall.mp4", 0.4, 0.1)]


def test_timelines_in_a_folder_and_none_for_a_failure(run, two: Path) -> None:
    args = ["--timeline", "plots", "--out", "plots/", "--format", "json"]
    result = run("detect", "bug.mp4", two, *args)
    assert result.exit_code == 5
    stems = ["a-x", "b-x", "y z"]
    assert names("plots") == sorted(
        [f"{stem}.events.json" for stem in ["bug", *stems]]
        + [f"{stem}.timeline.png" for stem in stems]
    )
    assert result.stderr.endswith("wrote 7 files in 'plots'\n")


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["fall.mp4", "none.mp4", "--timeline", "x.png"], 2, "--timeline FOLDER/"),
        (["fall.mp4", "--timeline", "x.svg"], 2, "neither a .png nor a folder"),
        (["fall.mp4", "--timeline", "fall.mp4"], 2, "neither a .png nor a folder"),
        (["fall.mp4", "--timeline", "mine.png"], 6, "exists already"),
        (["fall.mp4", "--timeline", "no/folder/x.png"], 6, "does not exist"),
        (
            ["fall.mp4", "--timeline", "x.png", "--out", "x.png", "--format", "csv"],
            2,
            "written twice",
        ),
    ],
)
def test_timelines_that_cannot_be_are_refused_before_work(
    run, monkeypatch, args: list[str], code: int, words: str
) -> None:
    monkeypatch.setattr("slipdetect.detection.Detector", None)  # looking would fail
    Path("mine.png").write_text("mine")
    result = run("detect", *args)
    assert result.exit_code == code, result.output
    assert words in result.stderr
    assert Path("mine.png").read_text() == "mine"
    assert not Path("x.png").exists()
