"""Interrupts: let a long run end at a good place.

Python raises KeyboardInterrupt wherever it happens to be, which may be in the
middle of an update. A run that wants to end between two steps asks here.
"""

import contextlib
import signal
import threading


@contextlib.contextmanager
def stop_on_interrupt(stop):
    """Turn the first interrupt into ``stop()``; a second one breaks off at once.

    So Ctrl-C, or Jupyter's stop button, never leaves an update half done.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread receives interrupts
        return

    def interrupted(signum, frame):
        stop()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    previous = signal.signal(signal.SIGINT, interrupted)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous or signal.SIG_DFL)
