"""The live view: a map in the browser, of what any store holds. It only reads."""
