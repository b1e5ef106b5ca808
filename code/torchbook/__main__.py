"""`python -m torchbook` is the command `torchbook`; so is `torchrun … -m torchbook`."""

from torchbook.cli import main

if __name__ == "__main__":
    main()
