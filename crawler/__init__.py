"""The collecting wing: portals in, captures and candidates out. Knows no database, no rule, no channel."""
