"""What people do with a control plane, at random or by the thousand, and the rules that say what comes of it."""
