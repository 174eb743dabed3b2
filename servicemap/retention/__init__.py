"""What is kept, for how long, in how many bytes, and how far back that lets questions reach."""
