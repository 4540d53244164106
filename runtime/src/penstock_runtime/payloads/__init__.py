"""Bodies of scoring requests → checked rows in the types of the model's signature; knows no HTTP and no model."""
