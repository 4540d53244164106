"""What is read out of a line that a pod printed, and what a line is searched for."""
