"""Questions about a map as a whole: who depends on whom, by which way, in which order. All of them are pure."""
