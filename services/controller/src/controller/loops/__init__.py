"""What runs by time. Every loop is level-triggered: an event or a change only wakes it earlier."""
