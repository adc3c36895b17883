"""What people read of the past: the day, firm by firm, and an outage as a page or PDF."""
