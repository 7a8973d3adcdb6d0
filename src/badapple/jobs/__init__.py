"""What every door calls: submit, look at, cancel, retry, resume and purge jobs."""
