"""`servicemap`, and `python -m servicemap`."""

import signal


def run() -> None:
    """Run the command line; until it is loaded, Ctrl-C ends the process as it would end any other, without a word."""
    heeds = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # and is not started to ignore it
    if heeds:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from servicemap.cli import main

    if heeds:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    main()


if __name__ == "__main__":
    run()
