"""The command ``cnnlib``, which is also ``python -m cnnlib``."""

import argparse
import sys
from pathlib import Path

from .exercises import report as reports


def main(arguments=None) -> int:
    """Run one command; return 0 if all is well, else 1."""
    for stream in (sys.stdout, sys.stderr):
        # A Korean Windows console has no "é": print "?" instead of failing.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except reports.ReportError as error:
        print(error, file=sys.stderr)
        return 1


def _parser():
    parser = argparse.ArgumentParser(
        prog="cnnlib", description="Commands of the course."
    )
    subjects = parser.add_subparsers(required=True, metavar="report")
    report = subjects.add_parser("report", help="check the report, or make its PDF")
    actions = report.add_subparsers(required=True, metavar="{check,build}")

    check = actions.add_parser("check", help="say what is missing in a report")
    check.add_argument("file", type=Path, help="notebook (.ipynb) or Markdown (.md)")
    check.set_defaults(run=_check)

    build = actions.add_parser("build", help="make the PDF of a report")
    build.add_argument("file", type=Path, help="notebook (.ipynb) or Markdown (.md)")
    build.add_argument("-o", "--output", type=Path, help="where to write the PDF")
    build.add_argument("--html", action="store_true", help="make an HTML page instead")
    build.set_defaults(run=_build)
    return parser


def _check(options):
    complaints = reports.check_report(options.file)
    print(reports.summary(options.file, complaints))
    return 1 if complaints else 0


def _build(options):
    built = reports.build_report(options.file, options.output, options.html)
    print(f"Wrote {built.path}")
    if built.why_html and not options.html:
        print(f"It is an HTML page and no PDF, because {built.why_html}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
