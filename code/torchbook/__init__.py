"""The package behind the book *Deep learning you can run*.

Importing it loads nothing else: ask for the room that you need, as in
`from torchbook import train` or `from torchbook.data import images`.
"""

__version__ = "0.1.0"
