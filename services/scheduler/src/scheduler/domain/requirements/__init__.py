"""What a model's environment has to hold: reading of MLflow's files, and what follows from them. Pure."""
