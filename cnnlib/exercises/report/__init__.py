"""The report of the course: what it asks, whether it is complete, and its PDF.

``cnnlib report check FILE`` and ``cnnlib report build FILE`` call these functions;
FILE is a notebook or a Markdown file made from the template.
"""

from .building import build_report
from .checking import Complaint, check_report, summary
from .pieces import ReportError
from .questions import FIELDS, FIGURES, QUESTIONS
from .reading import read_report
from .template import markdown_template
from .words import count_words
