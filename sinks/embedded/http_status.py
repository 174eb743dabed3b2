"""HTTP status codes for ClickHouse's error codes, as its `exceptionCodeToHTTPStatus` has them."""

_STATUS = {
    401: {194},  # REQUIRED_PASSWORD
    403: {192, 193, 497, 516},  # unknown user, wrong password, access denied, authentication
    404: {16, 46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 336, 511},  # UNKNOWN_something
    400: {6, 26, 27, 38, 41, 44, 53, 62, 69, 72, 117, 131, 321, 456, 457, 610} | {40, 89, 271, 354},
    408: {159, 160, 209},  # TIMEOUT_EXCEEDED, TOO_SLOW, SOCKET_TIMEOUT
    413: {223, 307},  # too large
    501: {48},  # NOT_IMPLEMENTED
    503: {76, 202, 439},  # cannot open a file, too many statements, no thread
}
_BY_CODE = {code: status for status, codes in _STATUS.items() for code in codes}


def status_of(code: int) -> int:
    """Return the status for an error code; 500 for what is nobody's typing error."""
    return _BY_CODE.get(code, 500)
