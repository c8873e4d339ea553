"""What may be shown of an address: protocol and host, and no part of a secret.

In: addresses, drawn too. Out: nothing but assertions.
"""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from slipdetect._address import shown_address, split_address
from slipdetect._text import excerpt, plain_name
from slipdetect.errors import UsageError, VideoError
from slipdetect.video.live import LiveSettings, live_source

ODD = "@:/?#[]%&=+ .;,!$'()*\\\"<>{}|^~`\u00e4"
texts = st.text(st.sampled_from("QZXqzx" + ODD), max_size=8)
# letters and digits that neither a protocol nor the host has
secrets = st.tuples(texts, texts).map(lambda ends: f"{ends[0]}S3CRET{ends[1]}")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://cam.example/x", "rtsp://cam.example/..."),
        ("rtsp://user:p%40ss@10.0.0.7:554/x?token=t", "rtsp://10.0.0.7:554/..."),
        ("RTSP://user@CAM.example", "rtsp://cam.example/..."),
        ("http://u:p@[fe80::1]:8080/x", "http://[fe80::1]:8080/..."),
        ("http://u:p@[fe80::1]/x", "http://[fe80::1]/..."),
        ("rtsp://user:p/w@host/x", "rtsp://..."),
        ("rtsp://user:1/w@host/x", "rtsp://..."),
        ("rtsp://user/w@host/x", "rtsp://..."),
        ("rtsp://", "rtsp://..."),
    ],
)
def test_protocol_and_host_are_shown_where_they_are_sure(address: str, shown: str) -> None:
    assert shown_address(address) == shown
    assert plain_name(address) == shown
    assert plain_name(shown) == shown


@settings(max_examples=300)
@given(secrets, secrets, secrets)
@example("S3CRET", "p/S3CRET", "S3CRET")
@example("a.b@S3CRET", "S3CRET%40", "S3CRET")
@example("S3CRET?", "x", "S3CRET")
@example("S3CRET#", "x", "S3CRET")
def test_L05_no_secret_is_ever_shown(user: str, password: str, token: str) -> None:
    for address in (
        f"rtsp://{user}:{password}@cam.example:554/live?token={token}",
        f"http://cam.example/{token}?key={token}&password={password}#{token}",
        f"rtsp://{user}@cam.example/user={user}_password={password}",
    ):
        for text in (shown_address(address), plain_name(address), named(address)):
            assert "s3cret" not in text.lower()


def named(address: str) -> str:
    """Return all that a source says of itself, or why it cannot be used."""
    try:
        source = live_source(address)
    except UsageError as error:
        return str(error)
    return source.name + repr(source)


def test_L05_no_error_and_no_cause_of_it_holds_a_secret() -> None:
    source = live_source("rtsp://S3CRET:S3CRET@127.0.0.1:9/S3CRET?token=S3CRET")
    with pytest.raises(VideoError, match="connection refused") as caught:
        source.open(LiveSettings())
    error: BaseException | None = caught.value
    while error is not None:
        assert "S3CRET" not in f"{error}{error.args}{getattr(error, 'filename', '')}"
        error = error.__context__


def test_an_address_is_taken_apart() -> None:
    parts = split_address("rtsp://me:p%40ss@cam.example:554/a/b?x=1")
    assert (parts.scheme, parts.place, parts.path) == ("rtsp", "cam.example:554", "/a/b")
    assert (parts.query, parts.user, parts.password) == ("x=1", "me", "p%40ss")
    assert "p%40ss" not in repr(parts)


@pytest.mark.parametrize("address", ["file:///etc/passwd", "concat://a", "ftp://h/x", "data://x"])
def test_L07_other_protocols_are_no_streams(address: str) -> None:
    with pytest.raises(UsageError, match="is no stream"):
        live_source(address)


def test_what_follows_an_address_over_lines_is_not_quoted() -> None:
    assert excerpt("rtsp://me:a\nS3CRET@cam/x") == "'rtsp://...'"
    assert excerpt("two\nlines") == "'two\\nlines'"
