"""What a kit holds: its catalogue, cases and questions, and its templates rendered."""
