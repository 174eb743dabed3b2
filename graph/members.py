"""Arrays in SQL whose members have names: values that add up alike cost a query one aggregate."""


class Members:
    """The names of the members of an array, in order."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def array(self, **values: str) -> str:
        """Write the array from the SQL of all its members."""
        return f"[{', '.join(values[name] for name in self._names)}]"

    def of(self, array: str, name: str) -> str:
        """Return a member of an array."""
        return f"{array}[{self._names.index(name) + 1}]"

    def columns(self, array: str) -> dict[str, str]:
        """Return all members of an array as columns."""
        return {name: self.of(array, name) for name in self._names}
