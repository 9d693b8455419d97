"""Family 3: pause and cancellation."""
