"""Why a question has no answer. Each message is one sentence with the remedy."""


class BadRequest(Exception):
    """A parameter is wrong; the message names it."""


class NotThere(Exception):
    """There is no such node, edge or time; the message offers what comes near."""


class NothingStored(Exception):
    """Nothing is stored yet."""
