"""`penstock retrain`: models trained anew."""
