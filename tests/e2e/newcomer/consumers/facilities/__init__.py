"""Facilities has the service desk collect the laptop of whoever leaves.

Subscribes to: `EmployeeResigned`.
States: `LaptopCollectionBooked`.
Side effects: one ticket at the service desk.
Safe to repeat because: the ticket's number follows from the key, and the desk keeps one ticket per key.
"""
