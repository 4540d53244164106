"""One proxy between the load tool and a trivial upstream, each on a core of its own."""
