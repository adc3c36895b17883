"""The paper procedure: the keypad's dialogue, reference numbers, lists and slips."""
