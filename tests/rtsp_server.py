"""An RTSP server of GStreamer that stalls and comes back; run by the Python that has its bindings.

In: port, seconds until the stall, seconds of the stall. Out: a line when it listens, then a stream.

The scene is dark, and bright for 0.8 s in every 3 s, by the server's own clock, so that what is
lost in the stall stays lost, as with a camera.
"""

import sys
import threading
import time

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

LAUNCH = (
    "( appsrc name=source is-live=true format=time do-timestamp=true "
    "caps=video/x-raw,format=RGB,width=64,height=48,framerate=25/1 ! videoconvert ! "
    "x264enc tune=zerolatency key-int-max=5 ! rtph264pay name=pay0 pt=96 config-interval=1 )"
)
BEGAN = time.monotonic()
PORT, STALL_AT, STALL = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])


def stalled() -> bool:
    return STALL_AT <= time.monotonic() - BEGAN < STALL_AT + STALL


def feed(source: Gst.Element) -> None:
    while not stalled():
        bright = 1.0 <= (time.monotonic() - BEGAN) % 3 < 1.8
        picture = bytes([235 if bright else 20]) * (64 * 48 * 3)
        if source.emit("push-buffer", Gst.Buffer.new_wrapped(picture)) != Gst.FlowReturn.OK:
            return
        time.sleep(0.04)


def configure(_: object, media: GstRtspServer.RTSPMedia) -> None:
    source = media.get_element().get_by_name("source")
    threading.Thread(target=feed, args=(source,), daemon=True).start()


Gst.init(None)
server = GstRtspServer.RTSPServer(service=PORT, address="127.0.0.1")
factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch(LAUNCH)
factory.connect("media-configure", configure)
server.get_mount_points().add_factory("/camera", factory)
server.attach(None)
print("listens", flush=True)
GLib.MainLoop().run()
