"""Draw what the documentation shows: a result in a notebook, the report page, a timeline.

In: examples/slip.mp4, the bundled model, Chromium (its command as the only argument). Out:
notebook.png, report.png and timeline.png beside this file.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from slipdetect import Detector

HERE = Path(__file__).resolve().parent
VIDEO = HERE.parents[1] / "examples" / "slip.mp4"
PAGES = ("background:white;color:black", "background:#111;color:#eee")


def picture(browser: str, page: Path, name: str, size: str) -> None:
    """Write what the browser shows of a page."""
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    options += [
        f"--screenshot={HERE / name}",
        f"--window-size={size}",
        "--virtual-time-budget=5000",
    ]
    command = [browser, *options, page.as_uri()]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - no shell


def main() -> None:
    """Show the result of the example clip in all three ways."""
    browser = sys.argv[1] if len(sys.argv) > 1 else "chromium"
    result = Detector.load("default", device="cpu").detect(VIDEO.relative_to(Path.cwd()))
    shown = result._repr_html_()
    halves = [f'<div style="flex:1;padding:12px 20px;{page}">{shown}</div>' for page in PAGES]
    page = f'<!doctype html><body style="margin:0;display:flex;height:100vh">{"".join(halves)}'
    with tempfile.TemporaryDirectory() as folder:
        notebook, report = Path(folder) / "page.html", Path(folder) / "report.html"
        notebook.write_text(page, encoding="utf-8")
        picture(browser, notebook, "notebook.png", "1160,190")
        video = Path(folder) / "slip.mp4"
        video.write_bytes(VIDEO.read_bytes())
        outputs = ["--html", str(report), "--timeline", str(HERE / "timeline.png"), "--overwrite"]
        command = [sys.executable, "-m", "slipdetect", "detect", video.name, *outputs]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)  # noqa: S603
        picture(browser, report, "report.png", "1160,760")


if __name__ == "__main__":
    main()
