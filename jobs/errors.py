"""Failures that an operator can act on."""


class JobError(Exception):
    """A job did not do its work, and a person can mend the cause.

    The message is one line: what did not happen, to which table or file, every problem with a few
    examples, and what to do next. Everything else that goes wrong is a bug and keeps its traceback.
    """

    def __str__(self) -> str:
        """The message on one line, whatever line breaks the data put into it."""
        return " ".join(super().__str__().split())
