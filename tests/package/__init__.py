"""The package as users get it: what is in it, what it brings, and that it works where nothing else is."""
