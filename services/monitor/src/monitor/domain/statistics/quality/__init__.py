"""Quality of the data, and of a model whose labels have come."""
