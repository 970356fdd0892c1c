"""``python -m homework.answers``: write the visible cases into cnnlib."""

from .visible import write_visible

for path in write_visible():
    print(f"wrote {path.name}, {path.stat().st_size:,} bytes")
