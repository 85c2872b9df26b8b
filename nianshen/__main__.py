"""``python -m nianshen``."""

from nianshen.cli import main

if __name__ == "__main__":
    main()
