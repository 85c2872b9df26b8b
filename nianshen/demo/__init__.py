"""A sample portal on loopback and its reports: everything here is invented."""
