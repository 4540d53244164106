"""What this process owns: everything, or its part among several."""
