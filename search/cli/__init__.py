"""The command line: one verb, one file; results on stdout, everything else on stderr."""
