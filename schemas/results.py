"""How a request ended: the last word of what is counted by operation and result, such as `SELECT ok` or `GET 5xx`."""

OK, ERROR = "ok", "error"
UNSEEN = "unseen"  # the answer passed unseen, or how it ends did
NO_REPLY = "noreply"  # the client wants no answer
FAILED = ("5xx", ERROR)
UNKNOWN = (UNSEEN, NO_REPLY)  # nobody can know whether these failed
