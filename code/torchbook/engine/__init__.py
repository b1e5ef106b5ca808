"""Behind the loop of `torchbook.train`: the run, its options, and how it is taken up again."""
