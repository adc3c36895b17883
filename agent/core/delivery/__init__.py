"""Every obligation to its service, once: lines, retries, lost answers, receipts followed up."""
