"""What a kit says: its catalogue, cases and questions, and its templates rendered."""
