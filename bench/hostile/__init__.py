"""Files that nobody should trust: a corpus made by code, mutants of it, and many decoders to try them on."""
