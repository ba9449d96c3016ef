"""What every process runs on: queues, tasks, clock, options, logs."""
