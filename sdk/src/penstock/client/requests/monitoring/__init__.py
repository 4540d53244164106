"""What can be asked about services that run: figures and logs, quality, alerts, retraining. Nothing is sent here."""
