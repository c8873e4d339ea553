"""What Prometheus is told: numbers of every camera and of alerts, made when they are asked for.

In: states of cameras, counts of sinks. Out: text in Prometheus' format; ``docs/page.md`` has names
and units.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from slipdetect._version import __version__

if TYPE_CHECKING:
    from slipdetect.detection.cameras import CameraState

Value = Callable[["CameraState"], float | None]

_COUNTERS: Mapping[str, tuple[str, Value]] = {
    "frames": ("Frames decoded.", lambda each: each.summary.frames),
    "damaged_frames": ("Frames and packets that were damaged.", lambda e: e.summary.failures),
    "sampled_frames": ("Sampled frames that were looked at.", lambda each: each.summary.sampled),
    "dropped_frames": (
        "Sampled frames thrown away, because there was no time for them.",
        lambda each: each.summary.dropped,
    ),
    "reconnects": ("Times that frames came again after a gap.", lambda e: e.summary.reconnects),
    "events": ("Events that were final.", lambda each: each.summary.events),
}
_GAUGES: Mapping[str, tuple[str, Value]] = {
    "up": ("1: frames come and are looked at.", lambda each: float(each.healthy)),
    "lag_seconds": ("How long the last frame looked at had waited.", lambda each: each.lag),
    "last_frame_timestamp_seconds": (
        "When the last frame came, Unix time; none before the first.",
        lambda each: None if each.silent_for is None else time.time() - each.silent_for,
    ),
    "drift_seconds": (
        "How much further the clock on the wall has gone than the timestamps.",
        lambda each: each.summary.drift,
    ),
    "probability_ratio": (
        "Probability of the last window, 0 to 1; none before the first.",
        lambda each: each.windows[-1][1] if each.windows else None,
    ),
}

_FAMILIES: Sequence[
    tuple[type[CounterMetricFamily | GaugeMetricFamily], Mapping[str, tuple[str, Value]]]
] = ((CounterMetricFamily, _COUNTERS), (GaugeMetricFamily, _GAUGES))


class CameraMetrics(Collector):
    """Collects states of cameras, and counts of alerts by outcome, of each sink that sends some."""

    def __init__(
        self,
        states: Callable[[], Sequence[CameraState]],
        alerts: Callable[[], Mapping[str, Mapping[str, int]]],
    ) -> None:
        self._states = states
        self._alerts = alerts

    def collect(self) -> Iterator[Metric]:
        """Yield every metric with a value for each camera."""
        states = self._states()
        for family, table in _FAMILIES:
            for name, (text, value) in table.items():
                metric = family(f"slipdetect_camera_{name}", text, labels=["camera"])
                for state in states:
                    found = value(state)
                    if found is not None:
                        # of a file the name may be any bytes
                        camera = state.name.encode("utf-8", "backslashreplace").decode()
                        metric.add_metric([camera], found)
                yield metric
        alerts = CounterMetricFamily(
            "slipdetect_alerts",
            "Alerts (mqtt: messages) by what became of them.",
            labels=["sink", "outcome"],
        )
        for sink, counts in self._alerts().items():
            for outcome, count in counts.items():
                alerts.add_metric([sink, outcome], count)
        yield alerts
        yield InfoMetricFamily("slipdetect_build", "The program.", value={"version": __version__})


def registry_of(metrics: CameraMetrics) -> CollectorRegistry:
    """Return a registry of these numbers and of what the process takes."""
    registry = CollectorRegistry()
    registry.register(metrics)
    ProcessCollector(registry=registry)
    return registry
