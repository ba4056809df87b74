"""A file of resignations: read line by line, sent to the intake in batches, and told what became of each line."""
