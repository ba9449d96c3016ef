"""The shape of objects: kinds, names, errors, codecs; no I/O."""
