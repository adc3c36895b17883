"""The paper procedure's shell: the keypad's dialogue, documents, and the printing of them."""
