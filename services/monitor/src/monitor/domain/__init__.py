"""Values and decisions of the monitor: rolling up, reading charts, wording events. Pure."""
