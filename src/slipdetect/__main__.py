"""``python -m slipdetect``, which launchers of many processes need; the same as the command."""

from __future__ import annotations

from slipdetect.cli.main import run

if __name__ == "__main__":
    run()
