"""What the report asks: questions, lengths, points, figures, numbers.

The text of the questions stands in homework/source/hw1_report/hw1_report.ipynb;
a test holds this table and the notebook together.
"""

from dataclasses import dataclass

__all__ = ["FIELDS", "FIGURES", "PLACEHOLDERS", "QUESTIONS", "Question"]


@dataclass(frozen=True)
class Question:
    """One question of the report.

    Parameters
    ----------
    name : str
        ``hw1_report_`` + name is the grade_id of the answer's cell.
    number : int
    title : str
    points : int
    words : (int, int) or None
        From, to. As `count_words` counts; 10 % less or more is accepted. None: the
        answer is a form to fill in.
    """

    name: str
    number: int
    title: str
    points: int
    words: tuple | None

    @property
    def heading(self) -> str:
        """Name the question as the report does."""
        return f"Question {self.number}. {self.title}"

    @property
    def grade_id(self) -> str:
        """Name the answer's cell as nbgrader does."""
        return f"hw1_report_{self.name}"


QUESTIONS = (
    Question("mnist", 1, "What is MNIST?", 10, (80, 220)),
    Question("results", 2, "Your run in numbers", 5, None),
    Question("curve", 3, "The accuracy curve", 10, (60, 180)),
    Question("filters", 4, "The filters before and after training", 10, (60, 180)),
    Question("init", 5, "Each step of `__init__`", 20, (150, 450)),
    Question("methods", 6, "Each method of SimpleConvNet", 10, (120, 350)),
    Question("training", 7, "The training script", 10, (100, 300)),
    Question("visualization", 8, "The visualization script", 5, (50, 180)),
    Question("lenet", 9, "LeNet", 5, (50, 150)),
    Question("alexnet", 10, "AlexNet", 5, (50, 150)),
    Question("compare", 11, "LeNet and AlexNet side by side", 10, (70, 220)),
    Question("sources", 12, "Sources and help", 0, (3, 150)),
)

# Number -> (question that it belongs to, what it shows, its file in Markdown).
FIGURES = {
    1: ("curve", "accuracy after each epoch", "figures/accuracy.png"),
    2: ("filters", "filters before training", "figures/filters_before.png"),
    3: ("filters", "filters after training", "figures/filters_after.png"),
}

# The lines to fill in question 2, and the name under which the run prints each.
FIELDS = {
    "Data": None,
    "Training accuracy": "training accuracy",
    "Test accuracy": "test accuracy",
    "Wrongly classified test images": "wrong",
}

# What stands where an answer should be. The first is nbgrader's.
PLACEHOLDERS = ("YOUR ANSWER HERE", "여기에 답을 쓰세요")

BY_NAME = {question.name: question for question in QUESTIONS}
BY_NUMBER = {question.number: question for question in QUESTIONS}
BY_GRADE_ID = {question.grade_id: question for question in QUESTIONS}
