"""What hostile students hand in: each attack once, named by what it tries."""

import json

from grading_class import cell, solved, without

from homework.grading import bubblewrap

CANARY = "canary-5f1c"

SNOOP = """
import os, pathlib, socket, subprocess, sys

def refused(action):
    try:
        action()
    except Exception:
        return True
    return False

def attempts():
    yield refused(lambda: open(SECRET).read())
    yield refused(lambda: os.listdir(os.path.dirname(SECRET)))
    yield refused(lambda: os.remove(SECRET))
    yield refused(lambda: open("/usr/hacked", "w"))
    yield refused(lambda: os.remove(np.__file__))
    yield refused(lambda: open(pathlib.Path(sys.prefix, "hacked"), "w"))
    yield refused(lambda: socket.create_connection(("127.0.0.1", PORT), 2))
    yield refused(lambda: os.setuid(0))
    yield refused(lambda: bytearray(20_000_000_000))
    yield refused(lambda: os.kill(1, 9))
    yield refused(lambda: os.memfd_create("x"))
    yield refused(lambda: __import__("homework.answers"))
    yield refused(lambda: __import__("grading_answers"))
    yield not any("answers" in str(p) for p in pathlib.Path(REPOSITORY).glob("**/*.py"))
    yield all(int(p) < 1000 for p in os.listdir("/proc") if p.isdigit())
    yield not [n for n in os.environ if "TOKEN" in n or "CANARY" in n]

failed = [k for k, fine in enumerate(attempts()) if not fine]
double = (lambda x: 2 * x) if not failed else (lambda x: np.array(failed))
"""

FLOOD = """
print("x" * 200_000_000)
from IPython.display import HTML, display
display(HTML("y" * 100_000_000))
while True:
    print("z" * 100_000)
"""

MEMORY = """
import os, time
for _ in range(8):
    if os.fork() == 0:
        block = bytearray(300_000_000)
        for place in range(0, len(block), 4096):
            block[place] = 1
        while True:
            time.sleep(1)
time.sleep(60)
"""

FORKS = """
import os
while True:
    try:
        os.fork()
    except OSError:
        pass
"""

EQUAL = """
class Equal:
    dtype, shape, size, ndim = np.dtype(float), (4,), 4, 1
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __bool__(self): return True
    def __array__(self, *args, **options): return np.zeros(4)
    def __float__(self): return 1.0

def double(x):
    return Equal()
"""

SHADOW = """
check = print
square = 0
"""

PATCHED = """
import builtins, cnnlib.exercises.files, numpy.testing, os
np.array_equal = np.allclose = np.equal = lambda *a, **o: True
numpy.testing.assert_allclose = numpy.testing.assert_array_equal = lambda *a, **o: None
builtins.AssertionError = type("Never", (BaseException,), {})
real = np.savez
def savez(file, **arrays):
    real(file, **{name: np.full(4, np.nan) for name in arrays})
np.savez = savez
def double(x):
    return 2 * x
"""

# Takes away what was recorded, and puts traps in its place.
TRAPS = """
import io, os, pathlib, pickle, zipfile
work = pathlib.Path(os.environ["CNNLIB_GRADING"], "outputs")
def trap(exercise, k):
    path = work / exercise / f"{k}.npz"
    path.unlink()
    return path
trap("sample.double", 0).symlink_to("/proc/self/environ")
os.mkfifo(trap("sample.double", 1))
with open(trap("sample.double", 2), "wb") as file:
    file.truncate(9_000_000)

class Bomb:
    def __reduce__(self):
        return (os.system, ("touch /tmp/opened",))
np.savez(trap("sample.square", 0), y=np.array([Bomb()], dtype=object))
with zipfile.ZipFile(trap("sample.square", 1), "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("y.npy", b"0" * 200_000_000)
stream = io.BytesIO()
np.lib.format.write_array_header_1_0(
    stream, {"descr": "<f8", "fortran_order": False, "shape": (10**11,)}
)
with zipfile.ZipFile(trap("sample.square", 2), "w") as archive:
    archive.writestr("y.npy", stream.getvalue())
trap("sample.mine", 0).mkdir()
for number in range(2000):
    (work / f"{number}.npz").write_bytes(b"much")
"""

# A process that outlives the kernel and goes on writing results.
LATE = """
import os, pathlib, shutil
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        work = pathlib.Path(os.environ["CNNLIB_GRADING"], "outputs", "sample.double")
        while True:
            for path in work.glob("*.npz"):
                path.write_bytes(b"late")
    os._exit(0)
"""

LEAK = f"""
import os, pathlib
text = "{CANARY} " + " ".join(
    str(np.load(p)["x"].tolist()) for p in
    pathlib.Path(os.environ["CNNLIB_GRADING"], "inputs", "sample.double").glob("*.npz"))
def double(x):
    raise ValueError(text)
class NameErrorWith(NameError):
    pass
NameErrorWith.__name__ = text
print(text)
"""

PAGE = f"""<script>alert("{CANARY}")</script><img src=x onerror="alert(1)">
[click](javascript:alert(1)) <iframe src="https://example.com"></iframe>
<style>body {{ display: none }}</style> ![t](https://example.com/track.png)

    </div></section></body><script>alert(2)</script>

$\\text{{<script>alert(4)</script>}}$ ![$x' onerror='alert(5)$](x.png)
"""


def page_with_outputs():
    notebook = solved("20260018", essay=PAGE, double=LEAK)
    html = {"text/html": PAGE, "image/svg+xml": f"<svg onload='{CANARY}'/>"}
    html |= {"application/javascript": "alert(3)", "text/plain": "plain <b>text</b>"}
    html |= {"image/png": "PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg=="}
    shown = cell("1", id="shown")
    shown["outputs"] = [
        {"output_type": "display_data", "data": html, "metadata": {}},
        {"output_type": "stream", "name": "stdout", "text": "</pre>" + PAGE},
        {"output_type": "error", "ename": PAGE, "evalue": PAGE, "traceback": [PAGE]},
        {"output_type": ["?"], "data": 7},
        "no output at all",
    ]
    notebook["cells"].append(shown)
    return notebook


def edited_tests():
    """Edit one test cell, delete others, and bring every cell a second time."""
    notebook = without(solved("20260012"), "check", "sample_mine")
    for one in notebook["cells"]:
        if one["source"].startswith("check("):
            one["source"] = "print('full marks')"
            one["metadata"]["nbgrader"]["points"] = 1000
    again = json.loads(json.dumps(notebook["cells"]))
    notebook["cells"] += [one | {"id": "cell0"} for one in again]
    return notebook


def class_of(secret, port):
    """Return the hostile class: what each hands in, by folder."""
    where = f"SECRET, PORT = {str(secret)!r}, {port}\n"
    where += f"REPOSITORY = {str(bubblewrap.LIBRARIES)!r}\n"
    loop = "def square(x):\n    while True:\n        pass"
    deaf = (
        "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"
    )
    deep = '{"cells": ' + "[" * 100_000
    stop = "import os, signal\nos.kill(os.getppid(), signal.SIGSTOP)"
    return {
        "20260000 stopped": solved("20260000", last=stop),
        "20260001 김민수 🦊 ❤": solved("2026-0001"),
        "20260002 snoop": solved("20260002", double=where + SNOOP),
        "20260003 loop": solved("20260003", square=loop),
        "20260004 deaf": solved("20260004", square=deaf),
        "20260005 flood": solved("20260005", square=FLOOD),
        "20260006 memory": solved("20260006", last=MEMORY),
        "20260007 more memory": solved("20260007", last=stop + "\n" + MEMORY),
        "20260008 forks": solved("20260008", last=FORKS),
        "20260009 exit": solved("20260009", square="import os\nos._exit(0)"),
        "20260010 kills all": solved("20260010", last="import os\nos.kill(-1, 9)"),
        "20260011 equal": solved("20260011", double=EQUAL, square=SHADOW),
        "20260012 edited": edited_tests(),
        "20260015 patched": solved("20260015", double=PATCHED),
        "20260018 page": page_with_outputs(),
        "20260019 traps": solved("20260019", last=TRAPS),
        "20260022 thief": solved("20260001", last=LATE),
        "20260023 no json": '{"cells": [',
        "20260024 deep": deep,
        "20260025 no notebook": '["cells"]',
    }
