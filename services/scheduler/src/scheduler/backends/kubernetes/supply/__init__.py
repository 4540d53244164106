"""How pods get their models and environments: they fetch with a ticket for one model, and hold no credentials."""
