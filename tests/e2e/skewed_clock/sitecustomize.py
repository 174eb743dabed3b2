"""Python with a clock that is wrong by SKEW_SECONDS seconds."""

import os
import time

_skew = float(os.environ["SKEW_SECONDS"])
_time, _time_ns = time.time, time.time_ns
time.time = lambda: _time() + _skew
time.time_ns = lambda: _time_ns() + int(_skew * 1e9)
