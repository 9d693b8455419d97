"""The engine on RabbitMQ and Redis: messages travel over the one, the other knows what has become of their tasks."""
