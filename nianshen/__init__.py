"""The hall: configuration, store, cycle and command line. The only package that composes the three wings."""
