"""`python -m proxy` is `faultline`."""

from proxy.cli import main

if __name__ == "__main__":
    main()
