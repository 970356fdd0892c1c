"""Each contender in a process of its own.

Their threads would share two cores and disturb each other, and so does their memory:
after the book's turn in the same process a training step of the fast room took 8.5
instead of 5.5 ms for a while. Here a contender waits at the end of a pipe, asleep,
until it is asked for a turn; it takes the time itself, so the pipe is not in the
figures. Nobody trains a network beside another in one process either.
"""

import multiprocessing
import os
import traceback

from .timing import Contender


class Worker:
    """The near end of the pipe; use it in a ``with`` statement.

    Parameters
    ----------
    serve : function
        What the far process does: ``serve(pipe, *arguments)``.
    environment : dict of str to str
        Variables for the far process alone: libraries read them while they load.
    """

    def __init__(self, serve, *arguments, environment=None):
        context = multiprocessing.get_context("spawn")
        self._pipe, far = context.Pipe()
        self._process = context.Process(
            target=serve, args=(far, *arguments), daemon=True
        )
        before = dict(os.environ)
        os.environ.update(environment or {})
        try:
            self._process.start()
        finally:
            os.environ.clear()
            os.environ.update(before)
        far.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._pipe.close()  # the far end reads the end of file and leaves
        self._process.join()

    def ask(self, *question):
        """Send a question, wait for the answer, and return it."""
        self._pipe.send(question)
        good, answer = self._pipe.recv()
        if not good:
            raise RuntimeError(f"the process of a contender failed:\n{answer}")
        return answer


def answer_questions(pipe, answers):
    """Answer ``(verb, *arguments)`` until the other end closes the pipe."""
    while True:
        try:
            verb, *rest = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send((True, answers[verb](*rest)))
        except Exception:
            pipe.send((False, traceback.format_exc()))


class NumpyWorker(Worker):
    """The book, or the textbook engine, in a process of its own."""

    def __init__(self, name):
        self.name = name
        super().__init__(serve_numpy, name)

    def contenders(self, case):
        """Prepare a case there; return its contenders."""
        return [
            Contender(
                self.name,
                lambda k=number: self.ask("measure", k),
                (lambda k=number: self.ask("answer", k)) if answers else None,
                variant,
            )
            for number, (variant, answers) in enumerate(self.ask("prepare", case.name))
        ]


def serve_numpy(pipe, name):
    """Prepare cases and take turns for ``name``."""
    from .case import Setup
    from .catalogue import CASES  # here: the catalogue needs nothing of this module

    contenders = []

    def prepare(case_name):
        contenders.clear()  # frees the case before
        case = next(case for case in CASES if case.name == case_name)
        contenders.extend(case.build(Setup((name,))))
        return [(c.variant, c.answer is not None) for c in contenders]

    answer_questions(
        pipe,
        {
            "prepare": prepare,
            "measure": lambda number: contenders[number].measure(),
            "answer": lambda number: contenders[number].answer(),
        },
    )
