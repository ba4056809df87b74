"""The demo: three resignations told on the terminal, each proved at the targets.

One is retained, one confirmed, one withdrawn before any service has looked. The demo looks at the system from outside
only. Facts are read from Kafka's topics by the headers that every record carries; what the services did is read back
from mailbox, calendars and directory, each by its own protocol. Whatever process dies meanwhile is started again, and
the story comes to the same end.
"""
