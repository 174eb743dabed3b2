"""What clusters are made of: known stores, instances, and the connections between them."""
