"""Object stores: where a destination lies there, how it is reached, who the platform is to it."""
