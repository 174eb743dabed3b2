"""One file a protocol: how its first bytes look, and where its requests begin and its answers end.

A parser is given the bytes of one connection, direction by direction. It keeps counts and times, never what is asked
for: no key, no value, no statement, no name but those of a list that it has itself.
"""
