"""The AMQP transport of the distributed engine: messages in and out of RabbitMQ, and nothing of what they mean."""
