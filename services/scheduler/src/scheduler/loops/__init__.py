"""What the scheduler does again and again: a module for each loop, run side by side by `App` while it leads.

Each pass reads everything that it decides on, so that a lost event costs a second.
"""
