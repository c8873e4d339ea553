"""``detect --privacy``: people are in nothing with pictures, and the result says where they may be.

In: runs with a stand-in detector on a video of noise, and one with the bundled model. Out: nothing
but assertions.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from people_seen import HEIGHT, WIDTH, noise, person_at
from results import FALL, FakeDetector, make_result
from slipdetect.people.hiding import region
from slipdetect.sinks.registry import LIVE_SINKS, SINKS
from slipdetect.types.person import Person
from slipdetect.video import open_video, write_video

SOMEBODY = person_at(60, 40, 80, 90)
EXAMPLE = Path(__file__).parents[2] / "examples" / "slip.mp4"


class Everywhere:
    """Finds one person in every picture, or nobody in any."""

    name, most = "everywhere", 6

    def __init__(self, people: Sequence[Person] = (SOMEBODY,)) -> None:
        self.found = people

    def people(self, picture: np.ndarray) -> list[Person]:
        height, width = picture.shape[:2]
        return [each.scaled(width / WIDTH, height / HEIGHT) for each in self.found]


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Choose what an estimator finds."""

    def choose(*people: Person) -> None:
        made = Everywhere(people)
        monkeypatch.setattr("slipdetect.people.privacy.make_pose_estimator", lambda: made)

    choose(SOMEBODY)
    return choose


@pytest.fixture
def clip(fake: None, wishes: Path, look: object, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A true video, in which a square moves, and the stand-in finds a fall."""
    still = cv2.GaussianBlur(noise(0), (0, 0), 1)
    pictures = []
    for number in range(50):
        picture = still.copy()
        picture[50:80, 60 + number % 10 : 80 + number % 10] = 40 * (number % 5)
        pictures.append(picture)
    write_video("clip.mp4", pictures, 10.0, quality=5)

    def detect(self: FakeDetector, source: str, **rest: object) -> object:
        with open_video(source) as video:
            return make_result(source, FALL, info=video.info)

    monkeypatch.setattr(FakeDetector, "detect", detect)
    return Path("clip.mp4")


def pictures_of(path: Path) -> list[np.ndarray]:
    with open_video(path) as video:
        return [frame.image for frame in video.frames()]


def detail(picture: np.ndarray) -> float:
    """Return how much of the noise is left where somebody is, in a picture of any size."""
    height, width = picture.shape[:2]
    rows, columns = region(SOMEBODY.scaled(width / WIDTH, height / HEIGHT), height, width)
    part = picture[rows, columns].astype(np.float32)
    return float(np.abs(part - cv2.GaussianBlur(part, (0, 0), 1)).mean())


def test_everything_with_pictures_is_without_people(run, clip: Path) -> None:
    told = {}
    for name, more in (("plain", ()), ("hidden", ("--privacy", "blur"))):
        outputs = ("--overlay", f"{name}/", "--clips", f"{name}/clips")
        first = run("detect", clip, *outputs, "--format", "json", *more)
        second = run("detect", clip, "--html", f"{name}/report.html", *more)
        assert (first.exit_code, second.exit_code) == (0, 0), first.output + second.output
        told[name] = json.loads(first.stdout)
    assert told["plain"] == told["hidden"]
    assert told["hidden"]["source"]["warnings"] == []
    jpegs = {}
    for name in told:
        page = Path(name, "report.html").read_text(encoding="utf-8")
        (jpeg,) = re.findall(r"data:image/jpeg;base64,([A-Za-z0-9+/=]+)", page)
        data = np.frombuffer(base64.b64decode(jpeg), np.uint8)
        jpegs[name] = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert detail(jpegs["hidden"]) < 0.5 * detail(jpegs["plain"])
    written = {path.relative_to("hidden").as_posix() for path in Path("hidden").rglob("*.mp4")}
    assert written == {
        "clip.overlay.mp4",
        "clips/clip-00-00-03.200.mp4",
        "report_files/clip.mp4",  # never the video itself, also where browsers play it
    }
    for name in written - {"report_files/clip.mp4"}:
        # without the strip below the picture
        pairs = [pictures_of(Path(folder, name)) for folder in ("plain", "hidden")]
        for before, after in zip(*pairs, strict=True):
            assert detail(after[:HEIGHT]) < 0.5 * detail(before[:HEIGHT])
    for before, after in zip(
        pictures_of(clip), pictures_of(Path("hidden/report_files/clip.mp4")), strict=True
    ):
        assert detail(after) < 0.5 * detail(before)


def test_a_page_plays_nothing_but_what_hides_people(
    run, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = run("detect", clip, "--html", "a.html", "--privacy", "silhouette")
    assert result.exit_code == 0
    page = Path("a.html").read_text(encoding="utf-8")
    assert re.findall(r'<video[^>]*src="([^"]*)"', page) == ["./a_files/clip.mp4"]
    result = run("detect", clip, "--html", "b.html", "--overlay", "b/", "--privacy", "silhouette")
    page = Path("b.html").read_text(encoding="utf-8")
    assert re.findall(r'<video[^>]*src="([^"]*)"', page) == ["./b/clip.overlay.mp4"]
    # where no copy can be made there is no player
    Path("c_files").write_text("in the way")
    result = run("detect", clip, "--html", "c.html", "--privacy", "silhouette")
    assert "the page has no player, as there is no copy" in result.stderr
    page = Path("c.html").read_text(encoding="utf-8")
    assert "<video" not in page.partition("<script")[0]


def test_pictures_in_which_nobody_is_found_are_told_of(run, clip: Path, look) -> None:
    look()
    result = run("detect", clip, "--overlay", "o.mp4", "--privacy", "blur", "--format", "json")
    assert result.exit_code == 0
    warning = (
        "--privacy: nobody was found in 50 of 50 pictures where something moves; those are "
        "blurred whole"
    )
    assert json.loads(result.stdout)["source"]["warnings"] == [warning]
    assert f"Warning: 'clip.mp4': {warning}\n" in result.stderr
    before, after = pictures_of(clip)[9], pictures_of(Path("o.mp4"))[9]
    assert after[:HEIGHT].std() < 0.5 * before.std()


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (("--privacy", "blur"), 2, "--privacy is for --overlay, --html and --clips; give one"),
        (("--privacy", "blur", "--timeline", "t.png"), 2, "--privacy is for --overlay"),
        (("--privacy", "mosaic", "--overlay", "o.mp4"), 2, "is not one of 'blur', 'silhouette'"),
    ],
)
def test_what_makes_no_sense_is_refused(run, clip: Path, args, code: int, message: str) -> None:
    result = run("detect", clip, *args)
    assert (result.exit_code, result.stdout) == (code, "")
    assert message in result.stderr
    assert not Path("o.mp4").exists()


def test_without_a_pose_network_nothing_begins(run, clip, monkeypatch) -> None:
    from slipdetect.errors import ModelError

    def broken() -> None:
        raise ModelError("cannot open the pose network")

    monkeypatch.setattr("slipdetect.people.privacy.make_pose_estimator", broken)
    result = run("detect", clip, "--overlay", "o.mp4", "--privacy", "blur")
    assert (result.exit_code, result.stdout) == (4, "")
    assert not Path("o.mp4").exists()


def test_every_sink_with_pictures_takes_the_option() -> None:
    """Those of files get their frames from one pass; those of live sources from a memory."""
    with_pictures = {kind for kind in SINKS if kind.sees_frames}
    assert {kind for kind in SINKS if "privacy" in kind.settings} == with_pictures
    live = [kind.option for kind in LIVE_SINKS if "privacy" in kind.settings]
    assert live == ["--page", "--clips"]


def test_the_example_keeps_its_events(run, tmp_path: Path) -> None:
    detect = ("detect", EXAMPLE, "--format", "json", "--max-duration", "6")
    plain = run(*detect)
    hidden = run(
        *detect,
        *("--clips", tmp_path, "--clip-margin", "0", "--privacy", "skeleton"),
    )
    assert hidden.exit_code == 0, hidden.output
    assert json.loads(plain.stdout)["events"] == json.loads(hidden.stdout)["events"]
    (path,) = tmp_path.glob("*.mp4")
    yellow = [(np.abs(p.astype(int) - (240, 228, 66)).max(axis=2) < 40) for p in pictures_of(path)]
    assert all(each.sum() > 50 for each in yellow)
