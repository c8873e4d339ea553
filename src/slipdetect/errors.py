"""The tree of errors slipdetect raises on purpose.

Each class carries the exit code the command line ends with; messages are one line: what, where,
what next.
"""

from __future__ import annotations


class SlipdetectError(Exception):
    """Base of every error that slipdetect raises on purpose."""

    exit_code = 1


class UsageError(SlipdetectError):
    """A parameter or a combination of parameters makes no sense."""

    exit_code = 2


class LibraryError(SlipdetectError, ImportError):
    """Something optional needs a library that is not installed; the message names it."""


class InputError(SlipdetectError):
    """Something the user handed in cannot be read."""

    exit_code = 3


class VideoError(InputError):
    """A source is missing, is no video, or cannot be decoded."""


class DataError(InputError):
    """An annotation or list file is missing, malformed or contradicts itself."""


class ModelError(SlipdetectError):
    """A model package, its weights or a backbone cannot be used."""

    exit_code = 4


class BackboneUnavailable(ModelError):
    """A backbone exists by name but cannot be built here; the message gives the reason."""


class PackageError(ModelError):
    """A model package on disk is damaged, incomplete or made for something else."""


class OutputError(SlipdetectError):
    """A result cannot be written."""

    exit_code = 6


class WorkerError(SlipdetectError):
    """No process or machine is there to do the work, or none is left."""

    exit_code = 7


class AlertError(OutputError):
    """An alert could not be delivered; the message repeats no part of an address but its host."""


class TrainingError(SlipdetectError):
    """Training cannot go on; the message names the last good checkpoint."""
