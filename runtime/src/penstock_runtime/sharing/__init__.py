"""Whether callers share a predict: the plan of each batch, what comparing answers has shown, the verdict."""
