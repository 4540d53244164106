"""Models: saved, registered, served by a process of their own, and the packages that they need."""
