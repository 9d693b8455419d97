"""Where the process `mog` begins. It imports next to nothing, so that Ctrl-C is clean from the first moment."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command with the process's arguments and exit."""
    try:
        from mog_cli.command import run
    except KeyboardInterrupt:
        sys.exit(130)  # errors.ExitCode.INTERRUPTED, whose module may be what is missing
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
