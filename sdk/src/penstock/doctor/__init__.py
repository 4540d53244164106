"""`penstock doctor`: looks at a platform of this machine and says what is wrong, with the way out."""
