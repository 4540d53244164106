"""`/services/{s}/retraining-triggers`, `/services/{s}/retrainings`, and hints of registries."""
