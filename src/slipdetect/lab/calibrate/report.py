"""What a calibration changed, as lines for a terminal.

In: a ``Refit``, ``FootageThresholds``. Out: text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from slipdetect._text import printable, timecode
from slipdetect.reports.text_table import text_table, wrapped

if TYPE_CHECKING:
    from slipdetect.lab.calibrate.fitting import Refit
    from slipdetect.lab.calibrate.reliability import Reliability
    from slipdetect.lab.calibrate.threshold_selection import FootageThresholds
    from slipdetect.types import Calibration, Thresholds

MOST_MOMENTS = 30


def refit_text(refit: Refit, had: Calibration) -> str:
    """Return the figures before and after, and the bins behind the latter."""
    before, after, found = refit.before, refit.after, refit.calibration
    table = text_table(
        ("", "before", "after"),
        [
            ("calibration error", f"{before.error:.4f}", f"{after.error:.4f}"),
            ("log loss", f"{before.log_loss:.4f}", f"{after.log_loss:.4f}"),
            ("Brier score", f"{before.brier:.4f}", f"{after.brier:.4f}"),
            ("temperature", f"{had.temperature:.3f}", f"{found.temperature:.3f}"),
            ("bias", f"{had.bias:+.3f}", f"{found.bias:+.3f}"),
        ],
    )
    note = (
        f"{after.count} windows, {after.positives} of falls, of {refit.groups} groups. After: each "
        f"window is judged by a calibration fitted without its group ({refit.folds} folds). Both "
        f"labels weigh the same. {_gain(refit)} Bins of equal {after.binning}, after:"
    )
    return "\n".join([*table, "", *wrapped(note), "", *_bins(after)]) + "\n"


def footage_text(found: FootageThresholds) -> str:
    """Return the thresholds, what the footage can show, and every moment to look at."""
    before, after = found.before, found.after
    many = "1 video" if found.videos == 1 else f"{found.videos} videos"
    moved = f"{before.config.onset:.4g} -> {after.config.onset:.4g}"
    if before.config.onset == after.config.onset:
        moved = f"{after.config.onset:.4g}, as it was"
    lines = [
        _row("footage", f"{many}, {length(after.hours)}"),
        _row("budget", f"at most {rate(found.per_hour)}"),
        _row("onset", moved),
        _row("false events", f"{before.events} before, {after.events} now"),
        _row("shown", f"at most {rate(after.at_most)}, to be 95% sure"),
        _row("presets", preset_words(found.sensitivity)),
    ]
    return "\n".join([*lines, "", *_moments(found)]) + "\n"


def preset_words(sensitivity: Mapping[str, Thresholds]) -> str:
    """Return the onsets of presets in words, and which are left out; see ``presets``."""
    told = [f"{name} from {preset.onset:.4g}" for name, preset in sensitivity.items()]
    left = [name for name in ("low", "high") if name not in sensitivity]
    if left:
        reason = "which cannot be told from balanced here or need more footage"
        told.append(f"none for {' and '.join(left)}, {reason}")
    return "; ".join(told)


def rate(per_hour: float) -> str:
    """Return a rate in the unit in which it is easiest to grasp."""
    return f"{per_hour:.3g} an hour" if per_hour >= 1 else f"{24 * per_hour:.3g} a day"


def _gain(refit: Refit) -> str:
    gained = refit.before.log_loss - refit.after.log_loss
    if refit.gain is None:
        return "With fewer than five groups of a label nothing tells how sure the gain is."
    low, high = refit.gain.low, refit.gain.high
    return f"The log loss falls by {gained:.4f} [{low:.4f}, {high:.4f}] (95%, over groups)."


def _bins(what: Reliability) -> list[str]:
    rows = [
        (
            f"{item.low:.3f} to {item.high:.3f}",
            str(item.count),
            f"{item.predicted:.3f}",
            f"{item.observed:.3f}",
        )
        for item in what.bins
    ]
    return text_table(("probability", "windows", "predicted", "observed"), rows)


def _moments(found: FootageThresholds) -> list[str]:
    if not found.moments:
        return ["nothing in it was taken for a fall"]
    shown = found.moments[:MOST_MOMENTS]
    rows = [
        (
            timecode(item.start),
            timecode(item.end),
            f"{item.score:.4f}",
            "yes" if item.found else "no",
            printable(item.clip),
        )
        for item in shown
    ]
    more = len(found.moments) - len(shown)
    return [
        "what was taken for a fall, by score; if somebody does fall, leave that video out:",
        "",
        *text_table(("start", "end", "score", "event now", "video"), rows, left=(0, 4)),
        *([f"... and {more} more"] if more else []),
    ]


def length(hours: float) -> str:
    """Return a length of footage in the unit in which it is easiest to grasp."""
    return f"{60 * hours:.1f} min" if hours < 1 else f"{hours:.1f} h"


def _row(title: str, text: str) -> str:
    return f"{title:<14}{text}"
