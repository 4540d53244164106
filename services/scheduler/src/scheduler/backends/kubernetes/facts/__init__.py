"""What the cluster's objects say, read without asking anybody: pure functions over plain objects."""
