"""Errors, sorted by what the person who meets one can do about it.

Every message is one sentence that says what happened and what to do next. The command line prints
it as it is; a page shows it as it is; neither ever shows a traceback.
"""


class FootprintError(Exception):
    """Something went wrong that a person can mend; the message says how."""

    exit_code = 1


class ConfigurationError(FootprintError):
    """A setting is missing or wrong: correct it and start again."""

    exit_code = 2


class InputError(FootprintError):
    """What was given (a file, an argument, a form field) cannot be used: give something else."""

    exit_code = 2


class ServiceUnavailable(FootprintError):
    """A service we depend on does not answer: nothing is lost, try again later."""

    exit_code = 3


class WrongFigures(FootprintError):
    """Stored figures contradict each other: an admin has to put right what the message names."""


class WrongRelease(FootprintError):
    """Program and database are of releases that do not fit: upgrade the older one."""

    exit_code = 2


class AccessDenied(FootprintError):
    """The account or key may not do this: use another one, or ask an administrator."""

    exit_code = 4
