"""What torch does, written by hand, to be read in the book."""
