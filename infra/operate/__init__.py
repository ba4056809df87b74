"""What an operator does with the databases of EMS and its services: find them, rebuild one, erase a person."""
