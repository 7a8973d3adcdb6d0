"""Workers: they take jobs and parts from the queues and make them."""
