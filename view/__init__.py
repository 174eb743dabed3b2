"""The live view: a map in the browser of what a store holds. It only reads."""
