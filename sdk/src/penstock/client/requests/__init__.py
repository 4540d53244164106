"""What can be asked of the control plane: each request is a small value, made by one function; nothing is sent here."""
