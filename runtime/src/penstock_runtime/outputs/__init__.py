"""What a model returned: as JSON, cut into the rows of each caller, compared with another answer."""
