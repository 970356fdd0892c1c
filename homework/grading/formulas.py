"""Formulas that need no network to be shown: pandoc turns TeX into MathML.

The TeX may be a stranger's. Pandoc gets it as data, with little time and memory; of
what it returns only MathML's own elements are kept. What can not be converted stays
TeX: a page never fails because of a formula.
"""

import json
import os
import re
import subprocess
import threading
from collections import namedtuple
from functools import cache
from xml.etree import ElementTree

Formula = namedtuple("Formula", ["tex", "display"])

LONGEST = 2000  # characters of one formula
MOST = 200  # new formulas of one notebook
SECONDS = 10  # for all of them; pandoc needs a tenth of one
MEMORY = "-M256M"
ROOM = 2000  # formulas that are remembered
NAMESPACE = "{http://www.w3.org/1998/Math/MathML}"
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")

NAMES = """math mrow mi mo mn ms mtext mspace msub msup msubsup munder mover munderover
mfrac msqrt mroot mstyle mtable mtr mtd mpadded mphantom menclose mmultiscripts
mprescripts none"""
SETTINGS = """display displaystyle scriptlevel mathvariant form fence separator stretchy
symmetric largeop movablelimits accent accentunder lspace rspace minsize maxsize width
height depth linethickness columnalign rowalign columnspacing rowspacing notation"""
ELEMENTS, ATTRIBUTES = set(NAMES.split()), set(SETTINGS.split())

known = {}
turn = threading.Lock()  # the class is graded on several threads


def mathml_of(formulas) -> dict:
    """Return an element of MathML for each formula that can be converted.

    Parameters
    ----------
    formulas : list of Formula
        The first `MOST` of those that are not known yet are converted.

    Returns
    -------
    dict of Formula to xml.etree.ElementTree.Element
    """
    with turn:
        if len(known) > ROOM:
            known.clear()
        new = [f for f in dict.fromkeys(formulas) if f not in known and _is_fit(f)]
        found = _convert(new[:MOST])
        known.update(found)
        return {f: known[f] for f in formulas if f in known}


def _is_fit(formula):
    return len(formula.tex) <= LONGEST and not CONTROLS.search(formula.tex)


def _convert(formulas) -> dict:
    """Start pandoc once; an error of any kind converts nothing."""
    program, version = pandoc() if formulas else ("", [])
    if not program:
        return {}
    kind = {True: {"t": "DisplayMath"}, False: {"t": "InlineMath"}}
    blocks = [
        {"t": "Para", "c": [{"t": "Math", "c": [kind[f.display], f.tex]}]}
        for f in formulas
    ]
    tree = {"pandoc-api-version": version, "meta": {}, "blocks": blocks}
    command = [program, "+RTS", MEMORY, "-RTS", "--sandbox"]
    command += ["--from=json", "--to=html5", "--mathml"]
    try:
        run = subprocess.run(
            command,
            input=json.dumps(tree).encode(),
            capture_output=True,
            timeout=SECONDS,
        )
        page = ElementTree.fromstring(b"<page>" + run.stdout + b"</page>")
    except (OSError, subprocess.SubprocessError, ElementTree.ParseError):
        return {}
    if len(page) != len(formulas):
        return {}
    pairs = ((f, _only_mathml(p)) for f, p in zip(formulas, page, strict=True))
    return {f: element for f, element in pairs if element is not None}


def _only_mathml(paragraph):
    """Return the formula of a paragraph; None if pandoc has left it as TeX."""
    if [child.tag for child in paragraph] != [f"{NAMESPACE}math"]:
        return None
    return _kept(paragraph[0])


def _kept(element):
    """Copy what is known to be harmless; the TeX beside it (semantics) is left out."""
    tag = element.tag.removeprefix(NAMESPACE)
    if tag == "semantics" and len(element):
        return _kept(element[0])
    if tag not in ELEMENTS:
        return None
    attributes = {k: v for k, v in element.attrib.items() if k in ATTRIBUTES}
    copy = ElementTree.Element(tag, attributes)
    copy.text = " ".join((element.text or "").split("\n"))
    copy.extend(kept for kept in map(_kept, element) if kept is not None)
    return copy


@cache
def pandoc() -> tuple[str, list]:
    """Return pandoc's path and the version of its trees; "" if there is none."""
    try:
        import pypandoc

        program = os.fspath(pypandoc.get_pandoc_path())
        command = [program, "--from=markdown", "--to=json"]
        run = subprocess.run(command, input=b"", capture_output=True, check=True)
    except (ImportError, OSError, subprocess.SubprocessError):
        return "", []
    return program, json.loads(run.stdout)["pandoc-api-version"]
