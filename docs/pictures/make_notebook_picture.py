"""Draw the picture of docs/python.md: how a notebook shows a result, on light and on dark.

In: examples/slip.mp4, the bundled model, Chromium (its command as the only argument). Out:
notebook.png beside this file.
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
SIZE = "1160,190"


def main() -> None:
    """Show the result of the example clip."""
    browser = sys.argv[1] if len(sys.argv) > 1 else "chromium"
    result = Detector.load("default", device="cpu").detect(VIDEO.relative_to(Path.cwd()))
    shown = result._repr_html_()
    halves = [f'<div style="flex:1;padding:12px 20px;{page}">{shown}</div>' for page in PAGES]
    page = f'<!doctype html><body style="margin:0;display:flex;height:100vh">{"".join(halves)}'
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "page.html"
        source.write_text(page, encoding="utf-8")
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        target = f"--screenshot={HERE / 'notebook.png'}"
        command = [browser, *options, target, f"--window-size={SIZE}", source.as_uri()]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - no shell


if __name__ == "__main__":
    main()
