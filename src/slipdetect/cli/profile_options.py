"""The option of ``slipdetect detect`` that tells where the time went.

In: nothing. Out: ``PROFILE_OPTIONS``.
"""

from __future__ import annotations

import click

PROFILE_OPTIONS = (
    click.option(
        "--profile",
        is_flag=True,
        help="Say at the end, on stderr, where the time went, how fast it was and the memory.",
    ),
)
