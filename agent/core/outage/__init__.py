"""Whose outage is it? Measurements, the table, incidents, exemptions and the procedure."""
