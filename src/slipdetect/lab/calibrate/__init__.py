"""Calibrating: temperature, bias and thresholds for a user's own footage."""

from slipdetect.lab.calibrate.fitting import fit_calibration, fit_temperature
from slipdetect.lab.calibrate.threshold_selection import OperatingPoint, threshold_for_budget

__all__ = ["OperatingPoint", "fit_calibration", "fit_temperature", "threshold_for_budget"]
