"""`python -m scaffold`, and the console script."""

# Not even `__future__` comes before this: it is a file, and the checkout may hold one like it.
import sys

from scaffold.system import isolation

isolation.guard_start(sys.argv[1:])


def main() -> None:
    """Run the command line and end the process with its exit code."""
    from scaffold.cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
