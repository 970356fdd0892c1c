"""What every widget shares: the joined script, synced arrays, text, pages.

Python holds the state, JavaScript draws it. The script of a widget is the text of its
files in ``static/``, joined: no bundler, and nothing is fetched from anywhere.
"""

import math
import numbers
import re
from pathlib import Path

import anywidget
import numpy as np
import traitlets

from ..checks import array
from ..geometry import whole
from .packing import packed

STATIC = Path(__file__).parent / "static"
SHARED = ("common.js", "grid.js")


def read(*names) -> str:
    """Return the files of ``static/``, joined in this order."""
    return "\n".join((STATIC / name).read_text("utf-8") for name in names)


def module(*names) -> str:
    """Return one JavaScript module made of the shared files and these.

    One of them defines ``render({model, el})``, and ``mathematics``: the pure functions
    that the tests hold equal to NumPy.
    """
    return (
        read(*SHARED, *names)
        + "\nexport { mathematics };\nexport default { render };\n"
    )


def style(*names) -> str:
    """Return the shared style and these files, each for its own widgets alone.

    All styles of a page meet: ``.cnnlib .row`` of a file becomes
    ``.cnnlib.sheet-file .row``, and a widget carries the names of its files.
    """
    sheets = [
        re.sub(r"\.cnnlib(?![-\w])", f".cnnlib.{sheet(name)}", read(name))
        for name in names
    ]
    return "\n".join([read("common.css"), *sheets])


def sheet(name) -> str:
    """Return the class that marks the widgets of a style file."""
    return f"sheet-{Path(name).stem}"


class Numbers(traitlets.TraitType):
    """A synced array of finite numbers: the page gets float64 bytes and a shape.

    Parameters
    ----------
    ndim : int or tuple of int
        The numbers of axes that are allowed.
    what : str
        The axes in words, for the error: "an image (H, W)".
    """

    def __init__(self, ndim, what, **kwargs):
        self.ndims = (ndim,) if isinstance(ndim, int) else tuple(ndim)
        self.what = what
        super().__init__(**kwargs)
        self.tag(sync=True, to_json=self._to_json, from_json=self._from_json)

    def validate(self, obj, value):
        """Return a read-only copy, or say what is wrong with the numbers."""
        values = np.array(array(value, self.name), dtype=np.float64)
        if values.ndim not in self.ndims:
            raise ValueError(
                f"{self.name} has shape {values.shape}, {values.ndim} axes; "
                f"expected {self.what}."
            )
        if not np.isfinite(values).all():
            raise ValueError(
                f"{self.name} holds {np.sum(~np.isfinite(values))} value(s) that are "
                "NaN or infinite; a picture needs finite numbers. Look where they come "
                f"from, or replace them: np.nan_to_num({self.name})."
            )
        values.flags.writeable = False
        return values

    @staticmethod
    def _to_json(value, widget):
        return None if value is None else packed(value)

    @staticmethod
    def _from_json(value, widget):
        if value is None:
            return None
        return np.frombuffer(value["data"], np.float64).reshape(value["shape"])


class Whole(traitlets.TraitType):
    """A synced whole number that is not less than ``least``; NumPy's ints as well."""

    def __init__(self, default_value, least, **kwargs):
        self.least = least
        super().__init__(default_value, **kwargs)
        self.tag(sync=True)

    def validate(self, obj, value):
        """Return a plain int, or say what arrived."""
        return whole(value, self.name, self.least)


class Real(traitlets.TraitType):
    """A synced finite number; NumPy's numbers as well."""

    def __init__(self, default_value=0.0, **kwargs):
        super().__init__(default_value, **kwargs)
        self.tag(sync=True)

    def validate(self, obj, value):
        """Return a plain float, or say what arrived."""
        if not isinstance(value, numbers.Real) or not math.isfinite(value):
            raise ValueError(f"{self.name} is {value!r}; expected a finite number.")
        return float(value)


class CourseWidget(anywidget.AnyWidget):
    """A widget of the course: text for those who can't see it, a page without kernel.

    A subclass sets ``scripts`` and ``styles`` (its files in ``static/``), has synced
    traits, and says its state in one line in ``describe``.
    """

    scripts: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()

    sheets = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def __init_subclass__(cls, **kwargs):
        """Join the files that the subclass names."""
        if "scripts" in vars(cls):  # not in the classes that traitlets derives
            cls._esm = module(*cls.scripts)
            cls._css = style(*cls.styles)
        super().__init_subclass__(**kwargs)

    @traitlets.default("sheets")
    def _names_of_styles(self):
        return [sheet(name) for name in self.styles]

    def describe(self) -> str:
        """Say in one line what the widget shows now."""
        raise NotImplementedError(f"{type(self).__name__} must define describe().")

    def __repr__(self) -> str:
        return f"{type(self).__name__}: {self.describe()}"

    def page_state(self) -> dict:
        """Return what a page without kernel needs: every synced trait of our own."""
        theirs = set(anywidget.AnyWidget.class_trait_names())
        ours = [
            name
            for name in self.trait_names(sync=True)
            if name not in theirs and not name.startswith("_")
        ]
        return self.get_state(sorted(ours))

    def to_html(self, path, title=None) -> Path:
        """Write a page of its own that shows this widget with its present data.

        The page needs no kernel and asks no other host for anything.

        Parameters
        ----------
        path : path
            Where the page goes, for example ``"padding.html"``.
        title : str, optional
            The heading; default the name of the widget.

        Returns
        -------
        Path
            The file that was written.
        """
        from .pages import write_page  # pages shows widgets: a circle at the top

        return write_page(path, [(title or type(self).__name__, self)])
