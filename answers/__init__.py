"""What people and programs ask of the map: each question is declared here once, and answered over a store.

The command line, HTTP and the Model Context Protocol render the same declarations and the same answers.
"""
