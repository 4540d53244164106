"""Quality rules: followed as the controller defines them, evaluated when their windows are closed."""
