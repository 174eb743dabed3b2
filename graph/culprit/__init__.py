"""The culprit: from a symptom down the graph to what departs from its own past."""
