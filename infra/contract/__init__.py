"""The gate in front of the event contract: what was released once stays readable, by the newest code and the oldest."""
