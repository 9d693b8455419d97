"""The AMQP transport of the distributed engine: messages in and out of RabbitMQ, and nothing of what they mean.

- settings.py: the URL. topology.py: names and arguments, which are Mognet's. server.py: what versions mean.
- frames.py: bytes and frames. connection.py, handshake.py, heartbeat.py: one connection. channel.py: one channel.
- line.py: one connection after another, each made when the one before is lost.
- declarations.py, publisher.py, deliveries.py, acknowledgements.py, control.py, inspection.py: what channels are for.
- consumption.py: deliveries through all connections, and the patrol that misses consumers.
- transport.py: all of that together. messages.py, properties.py: what passes through. failures.py: what goes wrong.

It speaks AMQP by itself, with pamqp as its codec, and is built on neither aiormq nor aio-pika. With those, publishing
100 messages with confirms takes 95 and 120 µs of one core per message, here 7; consuming with acknowledgements 48 and
74, here 13 (600 bytes, RabbitMQ 3.10, aiormq 7.2, aio-pika 10.2); what arrives together must be one batch, what goes
out together one write, and a forked child must be able to let go of a socket.
"""
